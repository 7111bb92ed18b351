import { type ArrowModule, type ArrowTable, loadArrow } from './arrow.ts';
import { type Columns, concatChunks } from './concat.ts';
import { QueryError } from './errors.ts';
import { dateOf } from './range.ts';
import { type ResultSource, StreamResult } from './result.ts';

export interface RowOptions {
  /** Adds `date`, `ts` in whole ms. `ts` itself is always exact ns. Default false. */
  readonly dates?: boolean | undefined;
}

/** Writes rows to a Parquet file; see `MarketDataSnapshot.exportParquet`. */
export type ParquetExport = ((path: string) => Promise<{ rows: number }>) | undefined;

type Chunks<Chunk> = AsyncGenerator<Chunk, void, undefined>;

/** What tells one kind of table from another. */
export interface TableKind<Chunk, Row> {
  readonly empty: Chunk;
  rowOf(chunk: Chunk, i: number, symbols: readonly string[]): Row;
  toArrow(
    arrow: ArrowModule,
    chunks: Chunks<Chunk>,
    symbols: readonly string[],
  ): Promise<ArrowTable>;
  toCsv(chunks: Chunks<Chunk>, symbols: readonly string[]): AsyncGenerator<string, void, undefined>;
}

/** Rows of candles or ticks in one of their forms; read it once. */
export class TableResult<
  Chunk extends Columns,
  Row extends { readonly ts: bigint },
> extends StreamResult<Chunk> {
  readonly #kind: TableKind<Chunk, Row>;
  readonly #export: ParquetExport;

  constructor(kind: TableKind<Chunk, Row>, source: ResultSource<Chunk>, exporter: ParquetExport) {
    super(source);
    this.#kind = kind;
    this.#export = exporter;
  }

  /**
   * Rows as objects: for convenience. A million candles take about twice as long as their columns, kept ones far more
   * memory. `bid` and `ask` of a tick are left out where the feed gave none.
   */
  async *rows(
    options: RowOptions = {},
  ): AsyncGenerator<Row & { readonly date?: Date | undefined }, void, undefined> {
    for await (const chunk of this.chunks())
      for (let i = 0; i < chunk.rows; i++) {
        const row = this.#kind.rowOf(chunk, i, this.symbols);
        yield options.dates === true ? { ...row, date: dateOf(row.ts) } : row;
      }
  }

  /** All rows as one set of columns. */
  async columns(): Promise<Chunk> {
    const chunks: Chunk[] = [];
    for await (const chunk of this.chunks()) chunks.push(chunk);
    return concatChunks(chunks, this.#kind.empty);
  }

  /**
   * An Arrow table: symbol as dictionary, ts as timestamp[ns, UTC].
   * @param arrow The module apache-arrow; by default it is imported.
   * @throws `ARROW_MISSING` when it cannot be, before a row is read.
   */
  async toArrow(arrow?: ArrowModule): Promise<ArrowTable> {
    return this.#kind.toArrow(arrow ?? (await loadArrow()), this.chunks(), this.symbols);
  }

  /**
   * CSV text in pieces, header first; ts as ISO text with nine digits, symbols quoted where they must be, absent bid and
   * ask empty.
   */
  toCsv(): AsyncGenerator<string, void, undefined> {
    return this.#kind.toCsv(this.chunks(), this.symbols);
  }

  /**
   * Writes a Parquet file (zstd) with the symbol as text, ts, and the values. It appears whole or not at all.
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
