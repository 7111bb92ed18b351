import { type ArrowModule, type ArrowTable, loadArrow, ticksToArrow } from './arrow.ts';
import type { ParquetExport, RowOptions } from './candle-result.ts';
import type { TickChunk, TickRow } from './chunk.ts';
import { concatTicks } from './concat.ts';
import { ticksToCsv } from './csv.ts';
import { QueryError } from './errors.ts';
import { dateOf } from './range.ts';
import { type ResultSource, StreamResult } from './result.ts';

/** Ticks in order (ts, symbol, seq). Read it once, in one of its forms. */
export class TickResult extends StreamResult<TickChunk> {
  readonly #export: ParquetExport;

  constructor(source: ResultSource<TickChunk>, exporter?: ParquetExport) {
    super(source);
    this.#export = exporter;
  }

  /** Rows as objects; `bid` and `ask` are left out where the feed gave none. */
  async *rows(options: RowOptions = {}): AsyncGenerator<TickRow, void, undefined> {
    for await (const chunk of this.chunks())
      for (let i = 0; i < chunk.rows; i++)
        yield tickRow(chunk, i, this.symbols, options.dates === true);
  }

  /** All rows as one set of columns. */
  async columns(): Promise<TickChunk> {
    const chunks: TickChunk[] = [];
    for await (const chunk of this.chunks()) chunks.push(chunk);
    return concatTicks(chunks);
  }

  /**
   * An Arrow table: symbol as dictionary, ts as timestamp[ns, UTC].
   * @param arrow The module apache-arrow; by default it is imported.
   * @throws `ARROW_MISSING` when it cannot be, before a row is read.
   */
  async toArrow(arrow?: ArrowModule): Promise<ArrowTable> {
    return ticksToArrow(arrow ?? (await loadArrow()), this.chunks(), this.symbols);
  }

  /** CSV text in pieces, header first; ts as ISO text with nine digits, absent bid and ask empty. */
  toCsv(): AsyncGenerator<string, void, undefined> {
    return ticksToCsv(this.chunks(), this.symbols);
  }

  /**
   * Writes a Parquet file (zstd): symbol, ts, seq, price, volume, bid, ask. It appears whole or not at all.
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

function tickRow(chunk: TickChunk, i: number, symbols: readonly string[], dates: boolean): TickRow {
  const [bid, ask] = [chunk.bid[i]!, chunk.ask[i]!];
  return {
    symbol: symbols[chunk.code[i]!]!,
    ts: chunk.ts[i]!,
    seq: chunk.seq[i]!,
    price: chunk.price[i]!,
    volume: chunk.volume[i]!,
    ...(Number.isNaN(bid) ? {} : { bid }),
    ...(Number.isNaN(ask) ? {} : { ask }),
    ...(dates ? { date: dateOf(chunk.ts[i]!) } : {}),
  };
}
