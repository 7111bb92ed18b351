import type { Candle } from '@tb/schema';

/** One published day file that a run reads; what its fingerprint and `stale` go by. */
export interface RunInput {
  /** Relative to the data root, with `/`. */
  readonly path: string;
  readonly sha256: string;
  readonly tradingDate: string;
  readonly revision: number;
}

/**
 * History as a run gets it. Whoever implements it opens the files read-only, and answers for this: the candles come from
 * `inputs` and from nothing else, so that equal inputs give an equal run.
 */
export interface RunHistory {
  readonly inputs: readonly RunInput[];
  /**
   * Candles of the run's symbols in its range, by rising `ts`, singly or in chunks. Candles of one `ts` may come in any
   * order. Streamed: the run keeps one `ts` at a time.
   */
  candles(signal?: AbortSignal): AsyncIterable<Candle | readonly Candle[]>;
}
