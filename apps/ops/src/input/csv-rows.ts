import type { Readable } from 'node:stream';
import { isOpsError, OpsError } from '../errors.ts';
import { type CellRow, CUT_OFF, positionsOf, type WantedColumn } from './cell-row.ts';
import { csvRecords, OPEN_QUOTE } from './csv-records.ts';
import type { CsvForm } from './input-options.ts';

/** What is known of a CSV before it is read. */
export interface CsvInput extends CsvForm {
  /** A last line without a newline is a row that was cut off; of a file it is a row as any other. */
  readonly isFeed: boolean;
}

/**
 * Rows of a CSV. As many cells as its first line has are a row; one with more or fewer is given back as broken, not dropped.
 * @throws `COLUMN_MISSING`, `INPUT_EMPTY`, `INPUT_UNREADABLE`
 */
export async function* csvRows(
  bytes: Readable,
  file: string,
  wanted: readonly WantedColumn[],
  { delimiter, names, isFeed }: CsvInput,
): AsyncGenerator<readonly CellRow[]> {
  let positions: number[] | undefined;
  let width = 0;
  let row = 0;
  try {
    for await (const { records, isCutOff } of csvRecords(bytes, file, delimiter)) {
      const block: CellRow[] = [];
      for (const record of records) {
        if (positions === undefined) {
          positions = positionsOf(headerOf(record, names, file), wanted, file);
          width = record.length;
          if (names === undefined) continue;
        }
        row += 1;
        block.push(cellRowOf(record, row, positions, width));
      }
      const last = block.at(-1);
      if (isFeed && isCutOff && last) block[block.length - 1] = { ...last, broken: CUT_OFF };
      if (block.length > 0) yield block;
    }
  } catch (error) {
    if (!(isFeed && endsInQuotes(error))) throw error;
    yield [{ row: row + 1, cells: [], raw: '', broken: `${CUT_OFF}, inside quotes` }];
  }
  if (positions === undefined && !isFeed)
    throw new OpsError(
      'INPUT_EMPTY',
      `Input ${file} is empty: it has no ${names ? 'row' : 'header'}`,
    );
}

/** Names of columns: those of the first line, or stated ones, which it must have cells for. */
function headerOf(
  first: readonly string[],
  names: readonly string[] | undefined,
  file: string,
): readonly string[] {
  if (names === undefined) return first.map((name) => name.trim());
  if (names.length <= first.length) return names;
  throw new OpsError(
    'INPUT_UNREADABLE',
    `--columns names ${names.length} columns, the first line of ${file} has ${first.length} cells`,
    { hint: 'Name fewer, or state how the cells are parted, e.g. --delimiter tab.' },
  );
}

function endsInQuotes(error: unknown): boolean {
  return (
    isOpsError(error, 'INPUT_UNREADABLE') &&
    (error.cause as { code?: unknown } | undefined)?.code === OPEN_QUOTE
  );
}

function cellRowOf(
  record: readonly string[],
  row: number,
  positions: readonly number[],
  width: number,
): CellRow {
  const cells = positions.map((at) => (at < 0 ? undefined : record[at]));
  return record.length === width
    ? { row, cells, raw: record }
    : {
        row,
        cells,
        raw: record,
        broken: `bad_row: ${record.length} cells, the first line has ${width}`,
      };
}
