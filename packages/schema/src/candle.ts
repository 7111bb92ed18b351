/** Candles as columns. `ts` is the START of the candle, ns since 1970 UTC. */
export interface CandleColumns {
  readonly rows: number;
  readonly sid: Int32Array;
  readonly ts: BigInt64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

export interface Candle {
  readonly symbol: string;
  readonly ts: bigint;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Supplied candles, before they have a sid. `symbol` is one text for all rows, or one per row. */
export interface CandleBatch {
  readonly symbol: string | readonly string[];
  readonly ts: BigInt64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  readonly source?: string | undefined;
  readonly sourceSeq?: BigInt64Array | undefined;
}
