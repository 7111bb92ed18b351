import { type ArrowModule, type ArrowTable, candlesToArrow, loadArrow } from './arrow.ts';
import type { CandleChunk, CandleRow } from './chunk.ts';
import { concatCandles } from './concat.ts';
import { candlesToCsv } from './csv.ts';
import { QueryError } from './errors.ts';
import { dateOf } from './range.ts';
import { type ResultSource, StreamResult } from './result.ts';
import { type WideCandles, widen } from './wide.ts';

export interface RowOptions {
  /** Adds `date`, `ts` in whole ms. `ts` itself is always exact ns. Default false. */
  readonly dates?: boolean | undefined;
}

/** Writes rows to a Parquet file; see `MarketDataSnapshot.exportParquet`. */
export type ParquetExport = ((path: string) => Promise<{ rows: number }>) | undefined;

/** Candles in order (ts, symbol). Read it once, in one of its forms. */
export class CandleResult extends StreamResult<CandleChunk> {
  readonly #export: ParquetExport;

  constructor(source: ResultSource<CandleChunk>, exporter?: ParquetExport) {
    super(source);
    this.#export = exporter;
  }

  /** Rows as objects: for convenience, the columns are more than ten times faster. */
  async *rows(options: RowOptions = {}): AsyncGenerator<CandleRow, void, undefined> {
    for await (const chunk of this.chunks())
      for (let i = 0; i < chunk.rows; i++)
        yield candleRow(chunk, i, this.symbols, options.dates === true);
  }

  /** All rows as one set of columns. */
  async columns(): Promise<CandleChunk> {
    const chunks: CandleChunk[] = [];
    for await (const chunk of this.chunks()) chunks.push(chunk);
    return concatCandles(chunks);
  }

  /** One row a timestamp, one set of columns a symbol, aligned by ts and never by position; NaN where there is no candle. */
  async wide(): Promise<WideCandles> {
    return widen(await this.columns(), this.symbols);
  }

  /**
   * An Arrow table: symbol as dictionary, ts as timestamp[ns, UTC].
   * @param arrow The module apache-arrow; by default it is imported.
   * @throws `ARROW_MISSING` when it cannot be, before a row is read.
   */
  async toArrow(arrow?: ArrowModule): Promise<ArrowTable> {
    return candlesToArrow(arrow ?? (await loadArrow()), this.chunks(), this.symbols);
  }

  /** CSV text in pieces, header first; ts as ISO text with nine digits, symbols quoted where they must be. */
  toCsv(): AsyncGenerator<string, void, undefined> {
    return candlesToCsv(this.chunks(), this.symbols);
  }

  /**
   * Writes a Parquet file (zstd): symbol, ts, open, high, low, close, volume, filled. It appears whole or not at all.
   * @throws `EXPORT_UNSUPPORTED` when the reader cannot write files.
   */
  async toParquet(path: string): Promise<{ rows: number }> {
    this.claim();
    try {
      if (!this.#export)
        throw new QueryError('EXPORT_UNSUPPORTED', 'The reader cannot write Parquet');
      return await this.#export(path);
    } finally {
      await this.close();
    }
  }
}

function candleRow(
  chunk: CandleChunk,
  i: number,
  symbols: readonly string[],
  dates: boolean,
): CandleRow {
  const ts = chunk.ts[i]!;
  const row = {
    symbol: symbols[chunk.code[i]!]!,
    ts,
    open: chunk.open[i]!,
    high: chunk.high[i]!,
    low: chunk.low[i]!,
    close: chunk.close[i]!,
    volume: chunk.volume[i]!,
    filled: chunk.filled[i] === 1,
  };
  return dates ? { ...row, date: dateOf(ts) } : row;
}
