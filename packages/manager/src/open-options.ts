import type { ManagerEventHandler } from './event.ts';
import type { DuckOptions } from './market/duck-engine.ts';
import type { Role } from './role.ts';

/** How to open a DatabaseManager. */
export interface OpenOptions<R extends Role> {
  /** The data root; `tb init` made it. */
  readonly root: string;
  /** What this process is. Write it as a literal, so that the compiler knows what may be written. */
  readonly role: R;
  /** The exchanges whose live buffers an ingestor owns, at least one. No other role has any. */
  readonly exchanges?: readonly string[] | undefined;
  /**
   * How long to wait for a writer lock. Default 0: fail at once with `LOCK_HELD`. For `backtest`, which takes the lock of
   * the run index for each write, 10,000.
   */
  readonly waitMs?: number | undefined;
  /** What the process is for, in lock records and messages. Default: the role. */
  readonly purpose?: string | undefined;
  readonly onEvent?: ManagerEventHandler | undefined;
  /** Gives up waiting for locks while opening. */
  readonly signal?: AbortSignal | undefined;
  /** The one in-memory DuckDB instance that serves market data; made with the first read. */
  readonly duckdb?: DuckOptions | undefined;
  /** Of the live buffers of an ingestor. Default 'full'; what 'normal' can lose: `@tb/live`. Stores are always 'full'. */
  readonly synchronous?: 'full' | 'normal' | undefined;
  /** Of the live buffers of an ingestor: how long rows may wait for others to share their transaction. Default 10; 0 for none. */
  readonly flushMs?: number | undefined;
}

/** How to write once. */
export interface WriteOptions {
  /** Gives up while the write waits for its turn or for a lock; a body that runs is not interrupted. */
  readonly signal?: AbortSignal | undefined;
}
