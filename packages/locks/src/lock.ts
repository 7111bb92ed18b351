import type { SqliteDatabase } from './sqlite.ts';

/** The right to be the one writer of a database folder. Covers the process, not the thread. */
export interface Lock extends AsyncDisposable {
  /** Real path of the folder. */
  readonly dir: string;
  /** The fencing number: grows with every acquisition. */
  readonly epoch: number;
  readonly token: string;
  /** Aborts when the lock is lost; its reason is the LockError. Not on release. */
  readonly signal: AbortSignal;
  /** @throws `LOCK_RELEASED`, `LOCK_LOST`, `FENCED`. Looks at the guard file: about 2 us. */
  assertHeld(): void;
  /**
   * Runs `body` in one IMMEDIATE transaction of the fence database, after the epoch was checked inside it. Commits on
   * return, rolls back on a throw. `body` is synchronous; calls do not nest.
   * @throws what `body` throws; `FENCED`, `LOCK_LOST`, `LOCK_RELEASED`, `SQLITE_BUSY`, `NO_SPACE`; TypeError without a
   * fence, when nested, or when `body` returns a promise or ends the transaction itself.
   */
  write<T>(body: (db: SqliteDatabase) => T): T;
  /**
   * The same check inside a transaction that the caller began, on any connection to the fence database.
   * @throws `FENCED`, `LOCK_LOST`, `LOCK_RELEASED`; TypeError outside a transaction.
   */
  checkEpoch(db: SqliteDatabase): void;
  /** Gives the place back; the OS lock goes last. A second call does nothing. */
  release(): Promise<void>;
}
