import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { OpsError } from '../errors.ts';
import type { CellRow, WantedColumn } from './cell-row.ts';
import { inputError } from './input-error.ts';

const BLOCK_ROWS = 2000;
/** Numbers too long for a double are kept as text, so that ns stamps survive: `"ts":1381152600094123456`. */
const LONG_INTEGER = /(:\s*)(-?\d{16,})(\s*[,}])/g;

/** Rows of a file with one JSON object a line. A line that is none is given back as broken, not dropped. */
export async function* jsonRows(
  bytes: Readable,
  file: string,
  wanted: readonly WantedColumn[],
): AsyncGenerator<readonly CellRow[]> {
  let row = 0;
  let block: CellRow[] = [];
  let isChecked = false;
  try {
    // readline swallows errors of its input, so the stream is asked again after the last line.
    const failure = new Promise<unknown>((resolve) =>
      bytes.once('error', resolve).once('close', () => resolve(undefined)),
    );
    for await (const line of createInterface({
      input: bytes,
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      if (line.trim() === '') continue;
      row += 1;
      const parsed = rowOf(line, row, wanted);
      if (!isChecked && parsed.broken === undefined) {
        assertColumns(parsed, wanted, file);
        isChecked = true;
      }
      block.push(parsed);
      if (block.length < BLOCK_ROWS) continue;
      yield block;
      block = [];
    }
    const error = bytes.errored ?? (bytes.readableEnded ? undefined : await failure);
    if (error) throw error;
  } catch (error) {
    throw inputError(file, error);
  } finally {
    bytes.destroy();
  }
  if (block.length > 0) yield block;
}

function rowOf(line: string, row: number, wanted: readonly WantedColumn[]): CellRow {
  try {
    const value: unknown = JSON.parse(line.replace(LONG_INTEGER, '$1"$2"$3'));
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { row, cells: [], raw: line, broken: 'bad_row: not a JSON object' };
    return {
      row,
      cells: wanted.map((column) => (value as Record<string, unknown>)[column.name] ?? undefined),
      raw: line,
    };
  } catch {
    // Not swallowed: the row goes to quarantine with this reason.
    return { row, cells: [], raw: line, broken: 'bad_row: not JSON' };
  }
}

/** The first readable row decides whether the mapping is right at all. */
function assertColumns(first: CellRow, wanted: readonly WantedColumn[], file: string): void {
  const missing = wanted
    .filter((column, at) => column.isRequired && first.cells[at] === undefined)
    .map((column) => column.name);
  const names = Object.keys(JSON.parse(first.raw) as object);
  const absent = missing.filter((name) => !names.includes(name));
  if (absent.length > 0)
    throw new OpsError(
      'COLUMN_MISSING',
      `Input ${file} has no field ${absent.join(', ')} in row ${first.row}; its fields are ${names.slice(0, 30).join(', ')}`,
    );
}
