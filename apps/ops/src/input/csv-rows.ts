import type { Readable } from 'node:stream';
import { isOpsError, OpsError } from '../errors.ts';
import { type CellRow, CUT_OFF, positionsOf, type WantedColumn } from './cell-row.ts';
import { csvRecords, OPEN_QUOTE } from './csv-records.ts';

/**
 * Rows of a CSV file with a header. A row with a wrong number of cells is given back as broken, not dropped.
 *
 * @param isFeed A last line without a newline is a row that was cut off; of a file it is a row as any other.
 */
export async function* csvRows(
  bytes: Readable,
  file: string,
  wanted: readonly WantedColumn[],
  isFeed: boolean,
): AsyncGenerator<readonly CellRow[]> {
  let positions: number[] | undefined;
  let width = 0;
  let row = 0;
  try {
    for await (const { records, isCutOff } of csvRecords(bytes, file)) {
      const block: CellRow[] = [];
      for (const record of records) {
        if (positions === undefined) {
          const header = record.map((name) => name.trim());
          positions = positionsOf(header, wanted, file);
          width = header.length;
          continue;
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
    throw new OpsError('INPUT_EMPTY', `Input ${file} is empty: it has no header`);
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
        broken: `bad_row: ${record.length} cells, the header has ${width}`,
      };
}
