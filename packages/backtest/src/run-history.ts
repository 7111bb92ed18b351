import type { Candle, PublishedFile } from '@tb/schema';

/** One published day file that a run reads; what its fingerprint and `stale` go by. */
export type RunInput = PublishedFile;

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

/** Candles as columns, with the files that they come from: the shape of a candle result of `@tb/queries`. */
export interface CandleColumnsResult {
  readonly files: readonly PublishedFile[];
  /** `symbols[code[i]]` is the symbol of row i. */
  readonly symbols: readonly string[];
  chunks(): AsyncIterable<{
    readonly rows: number;
    readonly code: Int32Array;
    readonly ts: BigInt64Array;
    readonly open: Float64Array;
    readonly high: Float64Array;
    readonly low: Float64Array;
    readonly close: Float64Array;
    readonly volume: Float64Array;
  }>;
}

/** A result of columns as the history of a run, one array of candles per chunk. It can be read once, like the result. */
export function historyFrom(result: CandleColumnsResult): RunHistory {
  return {
    inputs: result.files,
    async *candles(): AsyncGenerator<readonly Candle[], void, undefined> {
      for await (const chunk of result.chunks())
        yield Array.from({ length: chunk.rows }, (_, at) => ({
          symbol: result.symbols[chunk.code[at]!]!,
          ts: chunk.ts[at]!,
          open: chunk.open[at]!,
          high: chunk.high[at]!,
          low: chunk.low[at]!,
          close: chunk.close[at]!,
          volume: chunk.volume[at]!,
        }));
    },
  };
}
