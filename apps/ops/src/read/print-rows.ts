import { resolve } from 'node:path';
import type { Gap, StreamResult } from '@tb/queries';
import type { Watermark } from '@tb/schema';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import {
  type Cell,
  OutputClosed,
  openRowWriter,
  type RowFormat,
  writeWhole,
} from '../format/row-writer.ts';
import { timeText } from '../format/time-text.ts';
import type { CommandResult } from '../output.ts';

export interface OutputFlags {
  readonly format?: string;
  readonly out?: string;
}

const FORMATS: readonly string[] = ['table', 'csv', 'json', 'parquet'];

/** @throws `BAD_OPTION` */
export function outputFormat(flags: OutputFlags): RowFormat | 'parquet' {
  const format = flags.format ?? 'table';
  if (!FORMATS.includes(format))
    throw new OpsError('BAD_OPTION', `--format ${format} is not one of ${FORMATS.join(', ')}`);
  if (format === 'parquet' && flags.out === undefined)
    throw new OpsError('BAD_OPTION', '--format parquet needs --out FILE');
  return format as RowFormat | 'parquet'; // checked above
}

/** Rows of a result, and how each becomes cells. */
export interface Printable<Row> {
  readonly header: readonly string[];
  readonly rows: AsyncIterable<Row>;
  cellsOf(row: Row): readonly Cell[];
  /** Writes a Parquet file; undefined: this result cannot. */
  readonly toParquet?: ((path: string) => Promise<{ rows: number }>) | undefined;
}

/** Prints rows as asked: with --json as one object, else streamed in a format. @param facts Further fields of the object. */
export async function printRows<Row>(
  context: Context,
  flags: OutputFlags,
  printable: Printable<Row>,
  facts: Readonly<Record<string, unknown>>,
): Promise<CommandResult> {
  const format = outputFormat(flags);
  if (format === 'parquet') return await printParquet(flags, printable, facts);
  if (context.json && flags.out === undefined) return await printObject(printable, facts);
  const writer = await openRowWriter(format, printable.header, flags.out);
  try {
    for await (const row of printable.rows) await writer.write(printable.cellsOf(row));
    const rows = await writer.end();
    return flags.out === undefined
      ? { status: 'ok', isStreamed: true }
      : written(flags.out, rows, facts);
  } catch (error) {
    await writer.discard();
    if (error instanceof OutputClosed) return { status: 'ok', isStreamed: true };
    throw error;
  }
}

function written(
  out: string,
  rows: number,
  facts: Readonly<Record<string, unknown>>,
): CommandResult {
  return {
    status: 'ok',
    fields: { ...facts, rowCount: rows, out: resolve(out) },
    lines: [`${rows} rows written to ${resolve(out)}`],
  };
}

async function printParquet<Row>(
  flags: OutputFlags,
  printable: Printable<Row>,
  facts: Readonly<Record<string, unknown>>,
): Promise<CommandResult> {
  const out = flags.out ?? '';
  const { toParquet } = printable;
  if (!toParquet) throw new OpsError('BAD_OPTION', 'This command writes no Parquet');
  const { rows } = await writeWhole(out, (temporary) => toParquet(temporary));
  return written(out, rows, facts);
}

async function printObject<Row>(
  printable: Printable<Row>,
  facts: Readonly<Record<string, unknown>>,
): Promise<CommandResult> {
  const rows: Record<string, unknown>[] = [];
  for await (const row of printable.rows) {
    const cells = printable.cellsOf(row);
    rows.push(Object.fromEntries(printable.header.map((name, at) => [name, cells[at] ?? null])));
  }
  return { status: 'ok', fields: { ...facts, rowCount: rows.length, rows } };
}

/** What a result says of itself, as JSON fields. Whole missing sessions are `missingDates`; `gaps` has the others. */
export function factsOf(
  result: Pick<StreamResult<unknown>, 'watermark' | 'gaps' | 'missingDates' | 'symbols'>,
): Record<string, unknown> {
  return {
    symbols: result.symbols,
    watermark: plainWatermark(result.watermark),
    missingDates: result.missingDates,
    gaps: result.gaps.filter((gap) => gap.kind !== 'session').map(plainGap),
  };
}

export function plainWatermark(watermark: Watermark): Record<string, unknown> {
  return { manifestVersion: watermark.manifestVersion, live: watermark.live };
}

function plainGap(gap: Gap): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(gap).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? timeText(value) : value,
    ]),
  );
}

/** What is missing is always said, on stderr, where it cannot be taken for data. */
export function tellGaps(context: Context, missingDates: readonly string[]): void {
  if (missingDates.length === 0) return;
  context.log(
    `Note: ${missingDates.length} sessions in the range have no data: ${missingDates.slice(0, 5).join(', ')}${missingDates.length > 5 ? ', ...' : ''}`,
  );
}
