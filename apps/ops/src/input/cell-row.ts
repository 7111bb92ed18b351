import { OpsError } from '../errors.ts';

/** One row of a file: the cells of the wanted columns, in the order they were asked for; undefined where there is none. */
export interface CellRow {
  /** 1-based number of the row in its file, header not counted. */
  readonly row: number;
  readonly cells: readonly unknown[];
  /** The row as it stood, for quarantine: its text, or its values. `rawText` makes it one text. */
  readonly raw: string | readonly unknown[];
  /** Set when the row itself is broken: too many or too few cells, not JSON, cut off. */
  readonly broken?: string;
}

/** Why a row of a feed that ends without a newline is not taken: its last number may be half a number. */
export const CUT_OFF = 'bad_row: cut off before its newline';

/** One of the wanted columns, by the file's name for it. */
export interface WantedColumn {
  readonly name: string;
  readonly isRequired: boolean;
}

/** A row as it stood, as one text. */
export function rawText(raw: CellRow['raw']): string {
  if (typeof raw === 'string') return raw;
  return JSON.stringify(raw, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

/**
 * Positions of the wanted columns in a header.
 * @throws `COLUMN_MISSING` naming the columns that are there; `INPUT_UNREADABLE` when a wanted one is there twice.
 */
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
      hintOf(header),
    );
  const twice = wanted.find(({ name }) => header.indexOf(name) !== header.lastIndexOf(name));
  if (twice !== undefined)
    throw new OpsError('INPUT_UNREADABLE', `Input ${file} has two columns ${twice.name}`, {
      hint: 'Rename one of them in the file.',
    });
  return wanted.map((column) => header.indexOf(column.name));
}

/** What a header that lacks columns looks like; undefined: one that only has other names. */
function hintOf(header: readonly string[]): { readonly hint: string } | undefined {
  const [first = ''] = header;
  const parted = ['\t', ';', '|'].find(
    (character) => header.length === 1 && first.includes(character),
  );
  if (parted !== undefined)
    return {
      hint: `Its cells look parted by another character: --delimiter ${parted === '\t' ? 'tab' : `'${parted}'`}`,
    };
  if (/^\d/.test(first))
    return {
      hint: 'Its first line looks like a row; name the columns: --columns ts,open,high,low,close,volume',
    };
  return undefined;
}
