import type { DuckDBAppender, DuckDBDataChunk } from '@duckdb/node-api';
import type { CandleColumns, TickColumns } from '@tb/schema';
import { loadDuckdb } from './load-duckdb.ts';

/** The one method that is needed of a DuckDB connection; `DuckDBConnection` of @duckdb/node-api fits. */
export interface AppendConnection {
  createAppender(table: string, schema?: string | null, catalog?: string | null): Promise<unknown>;
}

/** A table of the current schema, or one of another schema or attached database. */
export type TableName =
  | string
  | { readonly table: string; readonly schema?: string; readonly catalog?: string };

/** Names of types, as @duckdb/node-api exports them. */
type ColumnType = 'INTEGER' | 'TIMESTAMP_NS' | 'BIGINT' | 'DOUBLE';

type Values = Int32Array | BigInt64Array | Float64Array;

/** DuckDB's vector size: an appended chunk never holds more rows. */
const VECTOR_ROWS = 2048;
const TICK_TYPES: readonly ColumnType[] = [
  'INTEGER',
  'TIMESTAMP_NS',
  'BIGINT',
  'DOUBLE',
  'DOUBLE',
  'DOUBLE',
  'DOUBLE',
];
const CANDLE_TYPES: readonly ColumnType[] = [
  'INTEGER',
  'TIMESTAMP_NS',
  'DOUBLE',
  'DOUBLE',
  'DOUBLE',
  'DOUBLE',
  'DOUBLE',
];

/**
 * Appends ticks to a table with the columns of a day file's `data`: `sid, ts, seq, price, volume, bid, ask`. Typed
 * arrays are copied into DuckDB's vectors as memory; a NaN bid or ask becomes NULL. Commits with the caller's
 * transaction, or by itself.
 */
export async function loadTicks(
  connection: AppendConnection,
  table: TableName,
  chunks: Iterable<TickColumns>,
): Promise<void> {
  const loader = await ColumnLoader.open(connection, table, TICK_TYPES, [5, 6]);
  try {
    for (const ticks of chunks)
      loader.add(
        [ticks.sid, ticks.ts, ticks.seq, ticks.price, ticks.volume, ticks.bid, ticks.ask],
        ticks.rows,
      );
    loader.flush();
  } finally {
    loader.close();
  }
}

/** Appends candles to a table with the columns `sid, ts, open, high, low, close, volume`. */
export async function loadCandles(
  connection: AppendConnection,
  table: TableName,
  candles: CandleColumns,
): Promise<void> {
  const loader = await ColumnLoader.open(connection, table, CANDLE_TYPES, []);
  try {
    const { sid, ts, open, high, low, close, volume } = candles;
    loader.add([sid, ts, open, high, low, close, volume], candles.rows);
    loader.flush();
  } finally {
    loader.close();
  }
}

/** Fills one chunk of vectors after another; small inputs share a chunk. */
class ColumnLoader {
  readonly #appender: DuckDBAppender;
  readonly #chunk: DuckDBDataChunk;
  readonly #staged: readonly Values[];
  readonly #nullable: readonly number[];
  #filled = 0;

  static async open(
    connection: AppendConnection,
    table: TableName,
    types: readonly ColumnType[],
    nullable: readonly number[],
  ): Promise<ColumnLoader> {
    const duckdb = loadDuckdb();
    const name = typeof table === 'string' ? { table } : table;
    const appender = await connection.createAppender(
      name.table,
      name.schema ?? null,
      name.catalog ?? null,
    );
    const chunk = duckdb.DuckDBDataChunk.create(types.map((type) => duckdb[type]));
    return new ColumnLoader(appender as DuckDBAppender, chunk, types, nullable);
  }

  private constructor(
    appender: DuckDBAppender,
    chunk: DuckDBDataChunk,
    types: readonly ColumnType[],
    nullable: readonly number[],
  ) {
    this.#appender = appender;
    this.#chunk = chunk;
    this.#nullable = nullable;
    this.#staged = types.map((type) => {
      if (type === 'INTEGER') return new Int32Array(VECTOR_ROWS);
      return type === 'DOUBLE' ? new Float64Array(VECTOR_ROWS) : new BigInt64Array(VECTOR_ROWS);
    });
  }

  add(columns: readonly Values[], rows: number): void {
    for (let done = 0; done < rows; ) {
      const count = Math.min(rows - done, VECTOR_ROWS - this.#filled);
      columns.forEach((column, index) => {
        const part = column.subarray(done, done + count) as Float64Array;
        (this.#staged[index] as Float64Array).set(part, this.#filled);
      });
      this.#filled += count;
      done += count;
      if (this.#filled === VECTOR_ROWS) this.flush();
    }
  }

  flush(): void {
    if (this.#filled === 0) return;
    this.#chunk.reset();
    this.#chunk.rowCount = this.#filled;
    this.#staged.forEach((values, index) => {
      const nulls = this.#nullable.includes(index) ? (values as Float64Array) : undefined;
      writeVector(this.#chunk, index, values, this.#filled, nulls);
    });
    this.#appender.appendDataChunk(this.#chunk);
    this.#filled = 0;
  }

  close(): void {
    this.#appender.closeSync();
  }
}

/** What the pinned @duckdb/node-api keeps inside a vector; checked on use, as it is not part of its types. */
interface VectorInternals {
  readonly items?: unknown;
  readonly validity?: { readonly data?: unknown };
  setItem(index: number, value: null): void;
  flush(): void;
}

/** Copies the first `rows` values into a vector; where `nulls` is NaN the row becomes NULL. */
function writeVector(
  chunk: DuckDBDataChunk,
  index: number,
  values: Values,
  rows: number,
  nulls: Float64Array | undefined,
): void {
  const vector = chunk.getColumnVector(index) as unknown as VectorInternals;
  const items = vector.items;
  if (!ArrayBuffer.isView(items) || items.byteLength !== rows * values.BYTES_PER_ELEMENT)
    throw new TypeError('This version of @duckdb/node-api keeps its vectors in another way');
  (items as Float64Array).set(values.subarray(0, rows) as Float64Array);
  const firstNull = nulls === undefined ? -1 : nulls.subarray(0, rows).findIndex(Number.isNaN);
  if (nulls !== undefined && firstNull >= 0) {
    vector.setItem(firstNull, null); // makes the validity mask; its other bits follow here
    const mask = vector.validity?.data;
    if (!ArrayBuffer.isView(mask))
      throw new TypeError('This version of @duckdb/node-api keeps its NULLs in another way');
    const bits = new Uint32Array(mask.buffer, mask.byteOffset, mask.byteLength / 4);
    for (let row = firstNull; row < rows; row++)
      if (Number.isNaN(nulls[row])) bits[row >>> 5]! &= ~(1 << (row & 31));
  }
  vector.flush();
}
