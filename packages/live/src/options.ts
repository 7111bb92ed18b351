import type { SessionCalendar } from '@tb/calendar';
import type { Layout } from '@tb/schema';
import type { LiveEventHandler } from './event.ts';
import type { SymbolRegistry } from './symbol-registry.ts';

/** When segments are made and merged. */
export interface SealOptions {
  /** Seal and compact by themselves, in the background. Default true. */
  readonly auto?: boolean | undefined;
  /** Seal a trading date whose tail has this many rows. Default 100,000. */
  readonly rows?: number | undefined;
  /** ... or whose oldest unsealed row was committed this long ago. Default 900,000 (15 min). */
  readonly ageMs?: number | undefined;
  /** Merge this many neighbouring segments of one date. Default 10. */
  readonly compactCount?: number | undefined;
  /** Segments of this many rows are not merged again. Default 1,000,000. */
  readonly compactRows?: number | undefined;
  /** A file that no list names any more lives this much longer, for readers that still hold its name. Default 60,000. */
  readonly garbageMs?: number | undefined;
  /** DuckDB memory of the child process. Default 512. */
  readonly memoryLimitMb?: number | undefined;
}

/** What happens to `append` when more rows wait than the queue may hold. */
export interface BackpressureOptions {
  /**
   * `refuse` (default): the call rejects with `BACKPRESSURE`, nothing is stored. `block`: the call waits for room.
   * `dropOldest`: the oldest waiting calls reject with `ROWS_DROPPED`, and coverage gets a hole over their time.
   */
  readonly policy?: 'refuse' | 'block' | 'dropOldest' | undefined;
  /** Default 250,000. */
  readonly maxRows?: number | undefined;
  /** Default 64 MB, at 44 bytes a tick. */
  readonly maxBytes?: number | undefined;
}

export interface LiveBufferOptions {
  readonly layout: Layout;
  readonly exchange: string;
  readonly calendar: SessionCalendar;
  readonly registry: SymbolRegistry;
  /**
   * `full` (default): an acknowledged row survives a power cut. `normal`: it survives the end of this process; a power
   * cut can take the commits since the last sync of the WAL, and their seqs are given out again.
   */
  readonly synchronous?: 'full' | 'normal' | undefined;
  /** Wall clock, ns UTC. */
  readonly now?: (() => bigint) | undefined;
  /** How long to wait for the writer lock. Default 0. */
  readonly waitMs?: number | undefined;
  /** Stands in the lock's record. Default `ingestor`. */
  readonly purpose?: string | undefined;
  /** Gives up waiting for the lock. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: LiveEventHandler | undefined;
  /** Flush when this many rows wait. Default 1,000. */
  readonly flushRows?: number | undefined;
  /** ... or when the oldest has waited this long. Default 10. */
  readonly flushMs?: number | undefined;
  readonly seal?: SealOptions | undefined;
  readonly backpressure?: BackpressureOptions | undefined;
  /** A candle is closed when the session clock is this far past its end. Default 5,000. */
  readonly latenessMs?: number | undefined;
  /** How often the heartbeat is written when no tick comes. Default 1,000. */
  readonly heartbeatMs?: number | undefined;
  /** Space kept beside live.db for the day when the disk is full; 0 for none. Default 64 MB. */
  readonly ballastBytes?: number | undefined;
  /** Checkpoint the WAL above this size. Default 16 MB. */
  readonly walBytes?: number | undefined;
  /** Alarm (`wal_large`) above this size: a reader holds an old transaction. Default 256 MB. */
  readonly walAlarmBytes?: number | undefined;
}

/** Counts since `open`, and the state now. */
export interface LiveMetrics {
  readonly state: 'open' | 'failed' | 'closed';
  readonly rows: number;
  readonly duplicates: number;
  readonly late: number;
  readonly rejected: number;
  readonly dropped: number;
  readonly refused: number;
  readonly commits: number;
  readonly commitP50Ms: number;
  readonly commitP99Ms: number;
  readonly queueRows: number;
  readonly queueBytes: number;
  /** Age of the newest tick by the wall clock; undefined before the first one. */
  readonly lagMs: number | undefined;
  readonly seq: bigint;
  readonly tailRows: number;
  readonly segments: number;
  readonly seals: number;
  readonly compactions: number;
  readonly failedJobs: number;
  readonly walBytes: number;
  readonly garbageFiles: number;
  /** Delay of the event loop since the call before: how long this thread was blocked. */
  readonly loopStallP99Ms: number;
  readonly loopStallMaxMs: number;
}
