import type { LiveEvent } from '@tb/live';
import type { LockEvent } from '@tb/locks';
import type { Database } from '@tb/schema';

/** What a manager tells while it works. Libraries do not log: the caller decides. Handlers run synchronously. */
export type ManagerEvent =
  | { readonly type: 'lock'; readonly database: Database; readonly event: LockEvent }
  | { readonly type: 'live'; readonly exchange: string; readonly event: LiveEvent }
  /** A file vanished between the snapshot and its ATTACH; the read began again with new snapshots. */
  | { readonly type: 'read_restarted'; readonly attempt: number; readonly cause: unknown }
  /** A derived file could not be used; its day files were read in its place. */
  | { readonly type: 'month_unusable'; readonly path: string; readonly cause: unknown }
  /** DuckDB ended its instance; a new one serves the reads that follow. */
  | { readonly type: 'engine_replaced'; readonly cause: unknown };

export type ManagerEventHandler = (event: ManagerEvent) => void;
