import type { Readable } from 'node:stream';
import { type CsvError, parse } from 'csv-parse';
import { OpsError } from '../errors.ts';
import { type CellRow, positionsOf, type WantedColumn } from './cell-row.ts';
import { inputError } from './input-error.ts';

const BLOCK_ROWS = 2000;
const MAX_RECORD_BYTES = 1_048_576;

/** Rows of a CSV file with a header. A row with a wrong number of cells is given back as broken, not dropped. */
export async function* csvRows(
  bytes: Readable,
  file: string,
  wanted: readonly WantedColumn[],
): AsyncGenerator<readonly CellRow[]> {
  const parser = parse({
    bom: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: MAX_RECORD_BYTES,
  });
  bytes.on('error', (error) => parser.destroy(error));
  bytes.pipe(parser);
  let positions: number[] | undefined;
  let width = 0;
  let row = 0;
  let block: CellRow[] = [];
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      if (positions === undefined) {
        const header = record.map((name) => name.trim());
        positions = positionsOf(header, wanted, file);
        width = header.length;
        continue;
      }
      row += 1;
      block.push(cellRowOf(record, row, positions, width));
      // Nothing more has arrived yet: a feed on a pipe is handed on at once.
      if (block.length < BLOCK_ROWS && parser.readableLength > 0) continue;
      yield block;
      block = [];
    }
  } catch (error) {
    throw csvError(file, error);
  } finally {
    bytes.destroy();
  }
  if (positions === undefined)
    throw new OpsError('INPUT_EMPTY', `Input ${file} is empty: it has no header`);
  if (block.length > 0) yield block;
}

function cellRowOf(
  record: readonly string[],
  row: number,
  positions: readonly number[],
  width: number,
): CellRow {
  const cells = positions.map((at) => (at < 0 ? undefined : record[at]));
  const raw = JSON.stringify(record);
  return record.length === width
    ? { row, cells, raw }
    : { row, cells, raw, broken: `bad_row: ${record.length} cells, the header has ${width}` };
}

function csvError(file: string, error: unknown): unknown {
  const code = (error as CsvError).code;
  if (!String(code).startsWith('CSV_')) return inputError(file, error);
  return new OpsError(
    'INPUT_UNREADABLE',
    `Input ${file} is not readable as CSV: ${(error as Error).message}`,
    { cause: error },
  );
}
