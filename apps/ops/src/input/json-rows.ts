import type { Readable } from 'node:stream';
import { OpsError } from '../errors.ts';
import { type CellRow, rawText, type WantedColumn } from './cell-row.ts';
import { inputError } from './input-error.ts';

const MAX_LINE_CHARACTERS = 1_048_576;
/** Numbers too long for a double are kept as text, so that ns stamps survive: `"ts":1381152600094123456`. */
const LONG_INTEGER = /(:\s*)(-?\d{16,})(\s*[,}])/g;

/**
 * Rows of a file with one JSON object a line. A line that is none is given back as broken, not dropped. A block is what
 * arrived together, so that a feed on a pipe is handed on at once.
 */
export async function* jsonRows(
  bytes: Readable,
  file: string,
  wanted: readonly WantedColumn[],
): AsyncGenerator<readonly CellRow[]> {
  let row = 0;
  let isChecked = false;
  const rowsOf = (lines: readonly string[]): CellRow[] => {
    const rows: CellRow[] = [];
    for (const line of lines) {
      if (line.trim() === '') continue;
      row += 1;
      const parsed = rowOf(line, row, wanted);
      if (!isChecked && parsed.broken === undefined) {
        assertColumns(parsed, wanted, file);
        isChecked = true;
      }
      rows.push(parsed);
    }
    return rows;
  };
  let rest = '';
  try {
    for await (const chunk of bytes.setEncoding('utf8') as AsyncIterable<string>) {
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop() ?? '';
      if (rest.length > MAX_LINE_CHARACTERS)
        throw new OpsError(
          'INPUT_UNREADABLE',
          `Input ${file} has a line of more than ${MAX_LINE_CHARACTERS} characters after row ${row}`,
        );
      const rows = rowsOf(lines);
      if (rows.length > 0) yield rows;
    }
  } catch (error) {
    throw inputError(file, error);
  } finally {
    bytes.destroy();
  }
  const last = rowsOf([rest]);
  if (last.length > 0) yield last;
}

function rowOf(line: string, row: number, wanted: readonly WantedColumn[]): CellRow {
  try {
    const value: unknown = JSON.parse(line.replace(LONG_INTEGER, '$1"$2"$3'));
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { row, cells: [], raw: line, broken: 'bad_row: not a JSON object' };
    const fields = value as Record<string, unknown>;
    return { row, cells: wanted.map((column) => fields[column.name] ?? undefined), raw: line };
  } catch {
    // Not swallowed: the row goes to quarantine with this reason.
    return { row, cells: [], raw: line, broken: 'bad_row: not JSON' };
  }
}

/** The first readable row decides whether the mapping is right at all. */
function assertColumns(first: CellRow, wanted: readonly WantedColumn[], file: string): void {
  const names = Object.keys(JSON.parse(rawText(first.raw)) as object);
  const absent = wanted
    .filter((column) => column.isRequired && !names.includes(column.name))
    .map((column) => column.name);
  if (absent.length > 0)
    throw new OpsError(
      'COLUMN_MISSING',
      `Input ${file} has no field ${absent.join(', ')} in row ${first.row}; its fields are ${names.slice(0, 30).join(', ')}`,
    );
}
