import type { CandleChunk } from './chunk.ts';

/** Several symbols side by side. `close[symbols.indexOf('SPY')]![i]` is SPY's close of the candle that starts at `ts[i]`. */
export interface WideCandles {
  readonly rows: number;
  readonly symbols: readonly string[];
  /** Every START that any symbol has, ascending. */
  readonly ts: BigInt64Array;
  /** Per symbol, one value a row; NaN where the symbol has no candle. */
  readonly open: readonly Float64Array[];
  readonly high: readonly Float64Array[];
  readonly low: readonly Float64Array[];
  readonly close: readonly Float64Array[];
  readonly volume: readonly Float64Array[];
}

/** @param columns In order (ts, symbol). */
export function widen(columns: CandleChunk, symbols: readonly string[]): WideCandles {
  const rowOf = new Int32Array(columns.rows);
  const starts = new BigInt64Array(columns.rows);
  let rows = 0;
  for (let i = 0; i < columns.rows; i++) {
    const ts = columns.ts[i]!;
    if (rows === 0 || starts[rows - 1] !== ts) starts[rows++] = ts;
    rowOf[i] = rows - 1;
  }
  const spread = (values: Float64Array): Float64Array[] => {
    const target = symbols.map(() => new Float64Array(rows).fill(NaN));
    for (let i = 0; i < columns.rows; i++) target[columns.code[i]!]![rowOf[i]!] = values[i]!;
    return target;
  };
  return {
    rows,
    symbols,
    ts: starts.slice(0, rows),
    open: spread(columns.open),
    high: spread(columns.high),
    low: spread(columns.low),
    close: spread(columns.close),
    volume: spread(columns.volume),
  };
}
