import type { CandleBatch, Tick, TickBatch } from '@tb/schema';
import type { Ack, AppendOptions } from './ack.ts';
import type { LiveDay, LiveDayState } from './live-snapshot.ts';
import { openLiveBuffer } from './open-live-buffer.ts';
import type { LiveBufferOptions, LiveMetrics } from './options.ts';

/** A tick before it has a seq. */
export type NewTick = Omit<Tick, 'seq'> & { readonly source?: string; readonly sourceSeq?: bigint };

/** One segment made by `seal`. */
export interface SealResult {
  readonly tradingDate: string;
  readonly rows: number;
  readonly segmentId: number;
}

/** What `clear` wants to see before it removes a date: what the manifest says of its published files. */
export interface PublishedProof {
  /** Version of the manifest that lists the date. */
  readonly manifestVersion: number;
  /** The `frozenSeq` that the files were built at. */
  readonly frozenSeq: bigint;
  /** Rows of the published tick file; 0 when the date has none. */
  readonly tickRows: number;
  /** Rows of the published 1m file; 0 when the date has none. */
  readonly candleRows: number;
}

/**
 * The one writer of an exchange's live buffer. Holds the writer lock of `live_buffer/<exchange>` from `open` to `close`.
 *
 * ```ts
 * await using buffer = await LiveBuffer.open({ layout, exchange: 'nse', calendar, registry });
 * const ack = await buffer.append({ symbol: 'NSE_EQ|INE002A01018', ts, price, volume });
 * ```
 */
export interface LiveBuffer extends AsyncDisposable {
  readonly exchange: string;
  readonly epoch: number;
  /** Aborts when the buffer can no longer write: lock lost, disk failed. Its reason is the error. */
  readonly signal: AbortSignal;
  /**
   * Stores ticks, and answers after COMMIT. Row by row: a wrong row is reported in the ack and the others are stored.
   * The arrays must stay unchanged until the promise settles. Batches are stored in the order of the calls; one of more
   * than 4,096 rows in several transactions. No ack means unknown: send again (with `source` and `sourceSeq` nothing is
   * stored twice). When rows of a source with numbers are refused, everything of it that was sent after them is refused too,
   * until it is sent again in order from the first of them.
   *
   * @throws RangeError or TypeError for columns of unequal length, or a `sourceSeq` that falls inside the batch;
   * `BACKPRESSURE`, `SOURCE_BEHIND`, `ROWS_DROPPED`, `DISK_FULL`, `LIVE_FAILED`, `LIVE_CLOSED`, and what the symbol registry throws.
   */
  append(batch: TickBatch, options?: AppendOptions): Promise<Ack>;
  /** Stores one tick; ticks of neighbouring calls share a transaction, and each promise has its own ack. */
  appendTick(tick: NewTick, options?: AppendOptions): Promise<Ack>;
  /** Stores supplied 1m candles, START-stamped. The same candle again is a duplicate; another one under its key revises it. */
  appendCandles(batch: CandleBatch, options?: AppendOptions): Promise<Ack>;
  /** Waits until everything that was appended before is committed. */
  flush(): Promise<void>;
  /** The highest number of a source that is stored: a feed that begins again goes on after it. undefined: none is. */
  lastSourceSeq(source: string): bigint | undefined;
  /** Says that a feed is connected from now on: coverage grows with the heartbeat until `feedDisconnected` or a crash. */
  feedConnected(source: string): Promise<void>;
  feedDisconnected(source: string): Promise<void>;
  /** Every date that the buffer knows, cleared ones included. */
  days(): readonly LiveDay[];
  /** One date as live.db has it now, at once: `days` counts the candles of every date. undefined: the buffer does not know it. */
  dayState(tradingDate: string): LiveDayState | undefined;
  /**
   * From here on rows of the date go to `late`; its candles are closed. A frozen date keeps its `frozenSeq`.
   * @throws `DAY_STATE` when the date is cleared, or has no rows.
   */
  freeze(tradingDate: string): Promise<{ readonly frozenSeq: bigint }>;
  /** Moves the late rows of a frozen date into it, candles included, with a new `frozenSeq`. @throws `DAY_STATE` */
  absorbLate(tradingDate: string): Promise<{ readonly frozenSeq: bigint; readonly rows: number }>;
  /** Moves the tail of one date, or of all, into segments. Nothing to seal gives an empty list. */
  seal(tradingDate?: string): Promise<readonly SealResult[]>;
  /** Merges segments until every date has as few as the options allow; answers how many merges were done. */
  compact(): Promise<number>;
  /**
   * Removes a published date: ticks, segments, candles. Late rows stay. Answers false when it was cleared before.
   * @throws `NOT_PUBLISHED` when the proof does not agree with the rows here; `DAY_STATE` when the date is not frozen.
   */
  clear(
    tradingDate: string,
    options: { readonly publishedProof: PublishedProof },
  ): Promise<boolean>;
  /** Removes late rows of a cleared date up to a seq, after a correction has published them. Answers how many. */
  clearLate(tradingDate: string, throughSeq: bigint): Promise<number>;
  /** Unlinks files whose time has come; answers how many. Runs by itself with the heartbeat. */
  sweepGarbage(): Promise<number>;
  metrics(): LiveMetrics;
  /** Writes what waits, ends the running job, closes live.db, gives the lock back last. May be called twice. */
  close(): Promise<void>;
}

export const LiveBuffer: {
  /**
   * Takes the writer lock, checks live.db, repairs what a crash left behind, and is ready.
   * @throws `LockError` (`LOCK_HELD`, ...), `LIVE_CORRUPT`, and the errors of a schema that is not ours.
   */
  open(options: LiveBufferOptions): Promise<LiveBuffer>;
} = { open: openLiveBuffer };
