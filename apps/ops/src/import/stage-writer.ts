import type {
  DuckDBDateValue as DateValue,
  DuckDBAppender,
  DuckDBConnection,
  DuckDBValue,
} from '@duckdb/node-api';
import { loadDuckdb } from '@tb/history';
import type { Block } from '../input/blocks.ts';
import type { DatedRows } from './date-of-row.ts';
import type { SidSource } from './sid-source.ts';
import { STAGE_COLUMNS } from './stage-job.ts';

const { BIGINT, DATE, DOUBLE, DuckDBDataChunk, DuckDBDateValue, INTEGER } = loadDuckdb();

const VECTOR_ROWS = 2048;
const TYPES = [DATE, INTEGER, BIGINT, INTEGER, BIGINT, DOUBLE, DOUBLE, DOUBLE, DOUBLE, DOUBLE];

/** Where v1 stands. */
const FIRST_VALUE = 5;

type Batch = { readonly symbol: string | readonly string[]; readonly ts: BigInt64Array };

/** Appends accepted rows to the table `stage(day, sid, ts ns, file, row, v1 ... v5)`, a vector at a time. */
export class StageWriter {
  readonly #appender: DuckDBAppender;
  #columns: DuckDBValue[][] = TYPES.map(() => []);
  #date = new DuckDBDateValue(0);

  private constructor(appender: DuckDBAppender) {
    this.#appender = appender;
  }

  static async create(connection: DuckDBConnection): Promise<StageWriter> {
    await connection.run(`CREATE TABLE stage (${STAGE_COLUMNS})`);
    return new StageWriter(await connection.createAppender('stage'));
  }

  /** @param file Index of the input file. */
  add(block: Block<Batch>, dated: DatedRows, file: number, sids: SidSource): void {
    const values = valuesOf(block.batch);
    for (const [at, row] of dated.accepted.entries()) {
      const columns = this.#columns;
      columns[0]?.push(this.#dateOf(dated.days[at] ?? 0));
      columns[1]?.push(sids.sidOf(symbolAt(block.batch, row)));
      columns[2]?.push(dated.ts[at] ?? 0n);
      columns[3]?.push(file);
      columns[4]?.push(block.rows[row] ?? 0n);
      for (let column = FIRST_VALUE; column < TYPES.length; column += 1)
        columns[column]?.push(numberAt(values[column - FIRST_VALUE], row));
      if (columns[0]?.length === VECTOR_ROWS) this.#flush();
    }
  }

  close(): void {
    this.#flush();
    this.#appender.closeSync();
  }

  /** Rows follow each other by date. */
  #dateOf(days: number): DateValue {
    if (this.#date.days !== days) this.#date = new DuckDBDateValue(days);
    return this.#date;
  }

  #flush(): void {
    const rows = this.#columns[0]?.length ?? 0;
    if (rows === 0) return;
    const chunk = DuckDBDataChunk.create(TYPES, rows);
    chunk.setColumns(this.#columns);
    this.#appender.appendDataChunk(chunk);
    this.#columns = TYPES.map(() => []);
  }
}

function symbolAt(batch: Batch, row: number): string {
  return typeof batch.symbol === 'string' ? batch.symbol : (batch.symbol[row] ?? '');
}

/** v1 ... v5: price, volume, bid, ask, nothing; or open, high, low, close, volume. */
function valuesOf(batch: Batch): (Float64Array | undefined)[] {
  const columns = batch as unknown as Readonly<Record<string, Float64Array | undefined>>;
  const names = columns['price']
    ? ['price', 'volume', 'bid', 'ask']
    : ['open', 'high', 'low', 'close', 'volume'];
  return names.map((name) => columns[name]);
}

function numberAt(column: Float64Array | undefined, row: number): number | null {
  const value = column?.[row];
  return value === undefined || Number.isNaN(value) ? null : value;
}
