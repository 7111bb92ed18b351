import type { EventListener } from './event.ts';
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
  readonly onEvent?: EventListener | undefined;
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
