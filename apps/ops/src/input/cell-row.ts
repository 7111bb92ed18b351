import { OpsError } from '../errors.ts';

/** One row of a file: the cells of the wanted columns, in the order they were asked for; undefined where there is none. */
export interface CellRow {
  /** 1-based number of the row in its file, header not counted. */
  readonly row: number;
  readonly cells: readonly unknown[];
  /** The row as it stood, for quarantine; cells are undefined when it could not be read as a row. */
  readonly raw: string;
  /** Set when the row itself is broken: too many or too few cells, not JSON. */
  readonly broken?: string;
}

/** One of the wanted columns, by the file's name for it. */
export interface WantedColumn {
  readonly name: string;
  readonly isRequired: boolean;
}

/** Positions of the wanted columns in a header. @throws `COLUMN_MISSING` naming the columns that are there. */
export function positionsOf(
  header: readonly string[],
  wanted: readonly WantedColumn[],
  file: string,
): number[] {
  const missing = wanted
    .filter((column) => column.isRequired && !header.includes(column.name))
    .map((column) => column.name);
  if (missing.length > 0)
    throw new OpsError(
      'COLUMN_MISSING',
      `Input ${file} has no column ${missing.join(', ')}; its columns are ${header.slice(0, 30).join(', ')}`,
    );
  return wanted.map((column) => header.indexOf(column.name));
}
