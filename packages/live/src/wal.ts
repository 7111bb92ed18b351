import { statSync } from 'node:fs';
import type { SqliteDatabase } from '@tb/locks';

export interface WalOptions {
  /** Above this size the WAL is checkpointed and begun again. */
  readonly checkpointBytes: number;
  /** Above this size a reader must be holding an old transaction. */
  readonly alarmBytes: number;
}

/** How long a RESTART waits for readers, and how often it is tried. */
const BUSY_MS = 50;
const INTERVAL_MS = 200;

/**
 * Keeps the WAL bounded. SQLite's own checkpoint at commit, each 4 MB, is PASSIVE: it keeps the work in small pieces (one
 * of 16 MB blocked the thread three times as long), but back-to-back readers starve it, and the WAL grew to 66 MB and on.
 * RESTART, above 16 MB, waits shortly for the readers of old pages: it held the WAL at 16.1 MB beside four such readers.
 */
export class Wal {
  readonly #db: SqliteDatabase;
  readonly #path: string;
  readonly #options: WalOptions;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #alarmed = false;

  constructor(db: SqliteDatabase, dbPath: string, options: WalOptions) {
    this.#db = db;
    this.#path = `${dbPath}-wal`;
    this.#options = options;
    // After a restart the file is cut to this, so that its size tells how long the WAL is.
    db.pragma(`journal_size_limit = ${options.checkpointBytes}`);
  }

  /** A stat is safe; opening the file here would drop SQLite's locks. */
  sizeBytes(): number {
    return statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Checkpoints when the WAL is long. Answers its size when the alarm has just been reached. */
  tend(): number | undefined {
    const size = this.sizeBytes();
    if (size <= this.#options.checkpointBytes) return undefined;
    const nowMs = performance.now();
    if (nowMs - this.#triedAtMs < INTERVAL_MS) return undefined;
    this.checkpoint('RESTART');
    this.#triedAtMs = performance.now();
    const isLarge = size > this.#options.alarmBytes;
    const isNews = isLarge && !this.#alarmed;
    this.#alarmed = isLarge;
    return isNews ? size : undefined;
  }

  /** A reader in the way makes this incomplete, not wrong; the next one goes on. */
  checkpoint(mode: 'RESTART' | 'TRUNCATE'): void {
    this.#db.pragma(`busy_timeout = ${BUSY_MS}`);
    try {
      this.#db.pragma(`wal_checkpoint(${mode})`);
    } finally {
      this.#db.pragma('busy_timeout = 100');
    }
  }
}
