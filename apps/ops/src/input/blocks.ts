import type { Readable } from 'node:stream';
import type { CandleBatch, TickBatch } from '@tb/schema';
import { type CellRow, rawText } from './cell-row.ts';
import { cellRows, type Input, symbolOf } from './cell-source.ts';
import type { InputOptions } from './input-options.ts';
import { type DateToTs, NUMBERS, rowCheck } from './row-check.ts';
import { RowColumns } from './row-columns.ts';

/** A row that was not accepted, with its reason (`code` or `code: detail`). */
export interface RejectedRow {
  readonly file: string;
  readonly row: number;
  readonly reason: string;
  readonly raw: string;
}

/** Some rows of an input: the good ones as a batch, the others with their reasons. `rows[i]` is the file's row of batch row i. */
export interface Block<Batch> {
  /** As the user named it. */
  readonly file: string;
  readonly batch: Batch;
  readonly rows: BigInt64Array;
  /** The feed's own numbers; undefined where the row has none. */
  readonly sourceSeq: readonly (bigint | undefined)[];
  /** The row's own name of its source; undefined where it has none. */
  readonly source: readonly (string | undefined)[];
  readonly rejected: readonly RejectedRow[];
  readonly rowsRead: number;
  raw(index: number): string;
}

/** Ticks of an input in the order of the file, checked: price finite and above 0, volume finite and not negative. */
export async function* tickBlocks(
  input: Input,
  options: InputOptions,
  stdin: Readable,
): AsyncGenerator<Block<TickBatch>> {
  for await (const checked of checkedRows(input, options, stdin, () => undefined)) {
    const { symbol, ts, numbers } = checked.good;
    const [price, volume, bid, ask] = numbers as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    yield blockOf(input, checked, { symbol, ts, price, volume, bid, ask });
  }
}

/** Candles of an input, checked as ticks are, and `low <= open, close <= high`. */
export async function* candleBlocks(
  input: Input,
  options: InputOptions,
  stdin: Readable,
  dateToTs: DateToTs,
): AsyncGenerator<Block<CandleBatch>> {
  for await (const checked of checkedRows(input, options, stdin, dateToTs)) {
    const { symbol, ts, numbers } = checked.good;
    const [open, high, low, close, volume] = numbers as [
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    yield blockOf(input, checked, { symbol, ts, open, high, low, close, volume });
  }
}

interface Checked {
  readonly good: RowColumns;
  readonly rejected: readonly RejectedRow[];
  readonly rowsRead: number;
}

function blockOf<Batch>(input: Input, checked: Checked, batch: Batch): Block<Batch> {
  const { good, rejected, rowsRead } = checked;
  return {
    file: input.name,
    batch,
    rows: good.row,
    sourceSeq: good.sourceSeq,
    source: good.source,
    rejected,
    rowsRead,
    raw: (index) => rawText(good.raw[index] ?? ''),
  };
}

async function* checkedRows(
  input: Input,
  options: InputOptions,
  stdin: Readable,
  dateToTs: DateToTs,
): AsyncGenerator<Checked> {
  const check = rowCheck({ ...options, symbol: symbolOf(input, options) }, dateToTs);
  const width = NUMBERS[options.kind].length;
  for await (const rows of cellRows(input, options, stdin)) {
    const good = new RowColumns(rows.length, width);
    const rejected: RejectedRow[] = [];
    for (const row of rows) {
      const reason = row.broken ?? check(row.cells, good.values);
      if (reason === undefined) good.keep(row);
      else rejected.push(rejectedRow(input, row, reason));
    }
    yield { good: good.end(), rejected, rowsRead: rows.length };
  }
}

function rejectedRow(input: Input, { row, raw }: CellRow, reason: string): RejectedRow {
  return { file: input.name, row, reason, raw: rawText(raw) };
}
