import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { openSqlite, type SqliteDatabase } from '@tb/locks';

/** What the thread is started with. */
export interface CheckpointJob {
  /** live.db. */
  readonly path: string;
  /** Above this size the WAL is begun again. */
  readonly restartBytes: number;
}

/** A checkpoint that failed; the errors of a full disk come again, any other one ends the thread. */
export interface CheckpointFailure {
  readonly code: string;
  readonly message: string;
}

/** How often the length of the WAL is looked at: 5 us, under no lock. */
const LOOK_MS = 25;
/** As SQLite's own: small pieces disturb commits less than one of 16 MB. */
const PAGES = 1_000;
/** A page of 4 kB with its header in the WAL. */
const FRAME_BYTES = 4_120;
/** RESTART keeps commits out while it waits for readers: shortly, unless the WAL grows past its bound. */
const WAIT_MS = 5;
const LONG_WAIT_MS = 50;
const RESTART_EVERY_MS = 200;
const PAUSE_MS = 1_000;

interface WalLength {
  /** Frames in the WAL, and how many of them are in the database already. */
  readonly log: number;
  readonly checkpointed: number;
}

type Mode = 'NOOP' | 'PASSIVE' | 'RESTART';

function checkpoint(db: SqliteDatabase, mode: Mode): WalLength {
  const [length] = db.pragma(`wal_checkpoint(${mode})`) as [WalLength];
  return length;
}

/** Copies what commits left in the WAL, and begins it again when it is long. */
class Checkpointer {
  readonly #db: SqliteDatabase;
  readonly #restartFrames: number;
  #restartAtMs = 0;

  constructor(db: SqliteDatabase, restartBytes: number) {
    this.#db = db;
    this.#restartFrames = restartBytes / FRAME_BYTES;
  }

  tend(): void {
    const { log, checkpointed } = checkpoint(this.#db, 'NOOP');
    if (log > this.#restartFrames && performance.now() >= this.#restartAtMs) this.#restart();
    else if (log - checkpointed >= PAGES) checkpoint(this.#db, 'PASSIVE');
  }

  /**
   * RESTART syncs both files and waits for readers while no commit can begin. So PASSIVE does the work before it; and
   * where that could not copy all, because a reader needs old pages, RESTART would not succeed either, and is only tried
   * when the WAL has grown well past its bound.
   */
  #restart(): void {
    this.#restartAtMs = performance.now() + RESTART_EVERY_MS;
    const { log, checkpointed } = checkpoint(this.#db, 'PASSIVE');
    const isUrgent = log > 1.5 * this.#restartFrames;
    if (checkpointed < log && !isUrgent) return;
    this.#db.pragma(`busy_timeout = ${isUrgent ? LONG_WAIT_MS : WAIT_MS}`);
    checkpoint(this.#db, 'RESTART');
  }
}

/** The entry of the thread: works until it is told to stop. */
async function main({ path, restartBytes }: CheckpointJob): Promise<void> {
  const stop = new AbortController();
  parentPort?.once('message', () => stop.abort());
  const db = openSqlite(path, { mustExist: true, timeoutMs: WAIT_MS });
  try {
    db.pragma('synchronous = NORMAL'); // syncs the WAL before a checkpoint and the database after it
    const checkpointer = new Checkpointer(db, restartBytes);
    while (!stop.signal.aborted) {
      let pauseMs = LOOK_MS;
      try {
        checkpointer.tend();
      } catch (error) {
        const { code, message } = error as { code?: unknown; message: string };
        const failure: CheckpointFailure = { code: String(code ?? ''), message };
        parentPort?.postMessage(failure);
        if (!isTemporary(failure.code)) return;
        pauseMs = PAUSE_MS;
      }
      await sleep(pauseMs, undefined, { signal: stop.signal }).catch(() => {}); // only to be woken
    }
  } finally {
    db.close();
    parentPort?.close();
  }
}

/** A full disk gets room again, a busy database is free soon. A failed sync is never tried again. */
function isTemporary(code: string): boolean {
  return /^SQLITE_(BUSY|FULL|IOERR_WRITE|IOERR_SHMSIZE)/.test(code);
}

await main(workerData as CheckpointJob);
