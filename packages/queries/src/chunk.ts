import type { Candle, CandleColumns, Tick, TickColumns } from '@tb/schema';

/** Candles as columns, in order (ts, symbol). `result.symbols[code[i]]` is the symbol of row i. */
export interface CandleChunk extends CandleColumns {
  /** Index into `result.symbols`, which is in ascending order of code points. */
  readonly code: Int32Array;
  /** 1 where the row was made up by `onGap` null or fill; else 0. */
  readonly filled: Uint8Array;
}

/** Ticks as columns, in order (ts, symbol, seq). */
export interface TickChunk extends TickColumns {
  readonly code: Int32Array;
}

export interface CandleRow extends Candle {
  readonly filled: boolean;
  /** `ts` in whole ms, only when asked for; `ts` stays exact. */
  readonly date?: Date | undefined;
}

export interface TickRow extends Tick {
  readonly date?: Date | undefined;
}
