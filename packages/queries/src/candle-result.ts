import { candlesToArrow } from './arrow.ts';
import type { CandleChunk, CandleRow } from './chunk.ts';
import { candlesToCsv } from './csv.ts';
import type { ResultSource } from './result.ts';
import { type ParquetExport, type TableKind, TableResult } from './table-result.ts';
import { type WideCandles, widen } from './wide.ts';

const CANDLES: TableKind<CandleChunk, CandleRow> = {
  empty: {
    rows: 0,
    sid: new Int32Array(0),
    ts: new BigInt64Array(0),
    open: new Float64Array(0),
    high: new Float64Array(0),
    low: new Float64Array(0),
    close: new Float64Array(0),
    volume: new Float64Array(0),
    code: new Int32Array(0),
    filled: new Uint8Array(0),
  },
  rowOf: (chunk, i, symbols) => ({
    symbol: symbols[chunk.code[i]!]!,
    ts: chunk.ts[i]!,
    open: chunk.open[i]!,
    high: chunk.high[i]!,
    low: chunk.low[i]!,
    close: chunk.close[i]!,
    volume: chunk.volume[i]!,
    filled: chunk.filled[i] === 1,
  }),
  toArrow: candlesToArrow,
  toCsv: candlesToCsv,
};

/** Candles in order (ts, symbol). Read it once, in one of its forms. */
export class CandleResult extends TableResult<CandleChunk, CandleRow> {
  constructor(source: ResultSource<CandleChunk>, exporter?: ParquetExport) {
    super(CANDLES, source, exporter);
  }

  /** One row a timestamp, one set of columns a symbol, aligned by ts and never by position; NaN where there is no candle. */
  async wide(): Promise<WideCandles> {
    return widen(await this.columns(), this.symbols);
  }
}
