import { ManagerError, type ManagerErrorCode } from '../errors.ts';

/** SQLite's extended result codes by prefix; the first that fits decides. */
const CODES: readonly (readonly [string, ManagerErrorCode])[] = [
  ['SQLITE_BUSY', 'STORE_BUSY'],
  ['SQLITE_LOCKED', 'STORE_BUSY'],
  ['SQLITE_FULL', 'STORE_FULL'],
  ['SQLITE_IOERR_WRITE', 'STORE_FULL'],
  ['SQLITE_CONSTRAINT', 'CONSTRAINT'],
  ['SQLITE_MISMATCH', 'CONSTRAINT'],
  ['SQLITE_READONLY', 'STATEMENT_REFUSED'],
  ['SQLITE_ERROR', 'STATEMENT_REFUSED'],
  ['SQLITE_RANGE', 'STATEMENT_REFUSED'],
  ['SQLITE_TOOBIG', 'CONSTRAINT'],
];

/**
 * An error of SQLite with a code of this package and the store's name; any other error as it is. SQLite's texts name
 * tables and columns, never values.
 */
export function storeError(error: unknown, store: string): unknown {
  const code = sqliteCodeOf(error);
  if (code === undefined) return error;
  const known = CODES.find(([prefix]) => code.startsWith(prefix));
  const text = (error as Error).message;
  return new ManagerError(known?.[1] ?? 'STORE_FAILED', `${store}: ${text} (${code})`, {
    cause: error,
  });
}

/** `SQLITE_...` of an error that came from SQLite. */
export function sqliteCodeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : undefined;
}
