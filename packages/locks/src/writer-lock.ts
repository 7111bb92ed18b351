import { acquireLock } from './acquire.ts';
import { type BreakOptions, type BreakResult, breakLock } from './break.ts';
import type { LockEvent } from './event.ts';
import { inspectLock, type LockInspection } from './inspect.ts';
import type { OsGuardFactory } from './os-guard.ts';
import type { SqliteDatabase } from './sqlite.ts';

/** How to acquire. Every field has a default except `purpose`. */
export interface AcquireOptions {
  /** What the writer is for, e.g. 'ingestor'; stands in the record and in messages. */
  readonly purpose: string;
  /**
   * Connection to the folder's SQLite database. The epoch is issued in it, and every `write` is checked against it.
   * Without it there is no fence: the epoch lives in the record alone.
   */
  readonly fence?: SqliteDatabase | undefined;
  /** How long to wait for another writer. Default 0, which still tries for 50 ms because inspections probe the guard. */
  readonly waitMs?: number | undefined;
  /** Ends the waiting with `LOCK_ABORTED`. Does not release a lock that was granted. */
  readonly signal?: AbortSignal | undefined;
  /** Called synchronously with every step and change; must not throw. */
  readonly onEvent?: ((event: LockEvent) => void) | undefined;
  /**
   * Who touches the heartbeat directory: this thread ('main', default; stalls with a blocked event loop) or a worker
   * thread ('worker'; stays fresh, costs about 40 ms at acquire). Other hosts and containers read it; this kernel's
   * processes are kept out by the OS lock in either case.
   */
  readonly heartbeat?: 'main' | 'worker' | undefined;
  /** A holder recorded on another machine: refuse (default), or take over after `foreignQuietMs` of silence. */
  readonly foreign?: 'refuse' | 'after-quiet' | undefined;
  /** Silence, by this process's monotonic clock, that 'after-quiet' asks for. Default 60,000. */
  readonly foreignQuietMs?: number | undefined;
  /** Network file systems: refuse (default) or allow. */
  readonly networkFs?: 'refuse' | 'allow' | undefined;
  /** The OS lock. Default: `sqliteGuard`. */
  readonly guard?: OsGuardFactory | undefined;
}

/** The right to be the one writer of a database folder. Covers the process, not the thread. */
export interface WriterLock extends AsyncDisposable {
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

export const WriterLock: {
  acquire(dir: string, options: AcquireOptions): Promise<WriterLock>;
  inspect(dir: string): Promise<LockInspection>;
  break(dir: string, options?: BreakOptions): Promise<BreakResult>;
} = { acquire: acquireLock, inspect: inspectLock, break: breakLock };
