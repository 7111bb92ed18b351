import type { CandleColumns, LiveTick, TickColumns } from '@tb/schema';

export type DayState = 'open' | 'frozen' | 'cleared';

/** One trading date of the live buffer, without what must be counted row by row. */
export interface LiveDayState {
  readonly tradingDate: string;
  readonly state: DayState;
  /** Rows of this date with seq <= frozenSeq belong to its day file; undefined while it is open. */
  readonly frozenSeq: bigint | undefined;
  /** Ticks in tail and segments. */
  readonly rows: number;
  /** Ticks that came after the freeze, not yet taken in. */
  readonly lateRows: number;
}

/** One trading date of the live buffer. */
export interface LiveDay extends LiveDayState {
  /** Closed and revised candles. */
  readonly candles: number;
}

/** One immutable file: a DuckDB database with a table `data` like that of a tick day file. */
export interface SegmentEntry {
  readonly id: number;
  /** Absolute. */
  readonly path: string;
  readonly tradingDate: string;
  /** Range of its seqs; rows of other trading dates may lie between. */
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  readonly rows: number;
  readonly minTs: bigint;
  readonly maxTs: bigint;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Ticks of one commit and one trading date. */
export interface TickChunk extends TickColumns {
  readonly tradingDate: string;
  /** Row i has the seq `firstSeq + i`. */
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  readonly minTs: bigint;
  readonly maxTs: bigint;
}

/** When a feed was connected, half-open, ns UTC. A minute without ticks inside is no trade; outside it is a gap. */
export interface CoverageEntry {
  readonly source: string;
  readonly from: bigint;
  readonly to: bigint;
}

/** A candle that still takes ticks. */
export interface FormingCandle {
  readonly sid: number;
  readonly tradingDate: string;
  /** START, ns UTC. */
  readonly ts: bigint;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/**
 * The live buffer as one transaction saw it. It never changes: a later `snapshot()` is another object. Tail and segments
 * are disjoint, and together they are every committed tick of the dates that are not cleared, `late` ones aside.
 */
export interface LiveSnapshot {
  readonly exchange: string;
  /** Of the newest committed tick; 0n when there never was one. */
  readonly seq: bigint;
  /** Grows when a segment or a date comes or goes. */
  readonly catalogVersion: number;
  /** When the writer last committed, ns UTC; 0n before the first time. */
  readonly heartbeat: bigint;
  /** Newest ts among ticks of dates that are not cleared. */
  readonly lastTickTs: bigint | undefined;
  /** Ascending by date; cleared dates included. */
  readonly days: readonly LiveDay[];
  /** Ascending by id. Check each with `verifySegment` before the first ATTACH. */
  readonly segments: readonly SegmentEntry[];
  /** Ascending by firstSeq. */
  readonly tail: readonly TickChunk[];
  /** Ticks that came after the freeze of their date, ascending by firstSeq; they are in no other part. */
  readonly late: readonly TickChunk[];
  readonly forming: readonly FormingCandle[];
  readonly coverage: readonly CoverageEntry[];
  /** 1m candles of a date, closed and revised, sorted (sid, ts); with the forming ones too when `forming` is true. */
  candles(tradingDate: string, options?: { readonly forming?: boolean }): CandleColumns;
  sidOf(symbol: string): number | undefined;
  symbolOf(sid: number): string | undefined;
  /**
   * The newest ticks of a symbol that the tail holds, by (ts, seq), newest last: a scan of memory. Fewer than `count`
   * means that older ones, if any, are in segments or in the history.
   */
  lastTicks(sid: number, count: number): readonly LiveTick[];
  /** The newest tick of each symbol by (ts, seq), sealed ones included; symbols without one are left out. */
  latest(sids?: Iterable<number>): ReadonlyMap<number, LiveTick>;
}
