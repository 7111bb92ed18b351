import { once } from 'node:events';
import { statSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { SqliteDatabase } from '@tb/locks';
import type { CheckpointFailure, CheckpointJob } from './checkpoint-thread.ts';

export interface WalOptions {
  /** Above this size the WAL is checkpointed and begun again. */
  readonly checkpointBytes: number;
  /** Above this size a reader must be holding an old transaction. */
  readonly alarmBytes: number;
}

export interface WalListener {
  /** SQLite refused a checkpoint; the error has its code. */
  failed(error: Error): void;
  /** The thread is gone, or never came: commits checkpoint by themselves, later and longer. */
  ended(error: Error): void;
}

/** A shorter WAL is left to the last close: a command that writes little starts no thread. */
const START_BYTES = 4 * 1024 * 1024;
/** SQLite's own checkpoint at commit, should the thread ever be late: 32 MB. */
const FALLBACK_PAGES = 8_192;
const BUSY_MS = 50;

/**
 * Keeps the WAL bounded, on a thread of its own: a checkpoint writes and syncs megabytes, and inside commits it was their
 * p99 (10 to 60 ms). PASSIVE takes no lock that a commit needs. Back-to-back readers starve it, and the WAL grew to 66 MB
 * and on; so above `checkpointBytes` the thread also tries RESTART, which waits shortly for the readers of old pages.
 */
export class Wal {
  readonly #db: SqliteDatabase;
  readonly #dbPath: string;
  readonly #options: WalOptions;
  readonly #startBytes: number;
  #worker: Worker | undefined;
  #isStarted = false;
  #alarmed = false;

  constructor(db: SqliteDatabase, dbPath: string, options: WalOptions) {
    this.#db = db;
    this.#dbPath = dbPath;
    this.#options = options;
    this.#startBytes = Math.min(START_BYTES, options.checkpointBytes);
    // After a restart the file is cut to this, so that its size tells how long the WAL is.
    db.pragma(`journal_size_limit = ${options.checkpointBytes}`);
    db.pragma(`wal_autocheckpoint = ${FALLBACK_PAGES}`);
  }

  /** After each commit: starts the thread when it is needed. Answers the size when the alarm has just been reached. */
  tend(listener: WalListener): number | undefined {
    const size = this.sizeBytes();
    if (size > this.#startBytes && !this.#isStarted) this.#start(listener);
    const isLarge = size > this.#options.alarmBytes;
    const isNews = isLarge && !this.#alarmed;
    this.#alarmed = isLarge;
    return isNews ? size : undefined;
  }

  /** Ends the thread; live.db may be closed after it. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = once(worker, 'exit');
    worker.ref();
    worker.postMessage('stop');
    await ended;
  }

  /** A stat is safe; opening the file here would drop SQLite's locks. */
  sizeBytes(): number {
    return statSync(`${this.#dbPath}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Checkpoints here and now and cuts the file. A reader in the way makes this incomplete, not wrong. */
  truncate(): void {
    this.#db.pragma(`busy_timeout = ${BUSY_MS}`);
    try {
      this.#db.pragma('wal_checkpoint(TRUNCATE)');
    } finally {
      this.#db.pragma('busy_timeout = 100');
    }
  }

  #start(listener: WalListener): void {
    this.#isStarted = true;
    const { checkpointBytes: restartBytes } = this.#options;
    const job: CheckpointJob = { path: this.#dbPath, restartBytes };
    // The built file, from src as from dist: a thread cannot load TypeScript on Node 20.
    const url = new URL('../dist/checkpoint-thread.js', import.meta.url);
    // No options of this process: one that names the sources would lead the built file back to TypeScript.
    const worker = new Worker(url, { workerData: job, execArgv: [] });
    worker.unref(); // a buffer alone does not keep a process alive
    worker.on('message', (failure: CheckpointFailure) => listener.failed(revive(failure)));
    worker.on('error', (error) => listener.ended(error));
    worker.on('exit', () => {
      this.#worker = undefined;
    });
    this.#worker = worker;
  }
}

function revive({ code, message }: CheckpointFailure): Error {
  const name = code.startsWith('SQLITE_') ? 'SqliteError' : 'Error';
  return Object.assign(new Error(message), { name, code });
}
