import { dirname, resolve } from 'node:path';
import { errnoOf } from './errno.ts';
import { LockError } from './errors.ts';
import { sqliteErrorCode } from './file-error.ts';
import { loadSqlite } from './native-module.ts';
import type { OpenSqliteDatabase } from './sqlite.ts';

export interface OpenSqliteOptions {
  /** Opened read-only by the engine. Default false. */
  readonly readonly?: boolean;
  /** Refuse with `SQLITE_MISSING` instead of creating the file. Default false; true when readonly. */
  readonly mustExist?: boolean;
  /** How long a statement waits for a lock of another connection, blocking the thread. Default 5,000. */
  readonly timeoutMs?: number;
}

/**
 * Opens a SQLite file: the one way in @tb, so that the native module is loaded once, is checked, and fails with a code.
 * Reads header and schema, so that a file which is no database is refused here and not by the first query. Blocks the
 * thread.
 *
 * @param path A file, absolute or relative to the working directory, or ':memory:'. The caller closes the connection.
 * @throws `SQLITE_MISSING`, `SQLITE_DENIED`, `SQLITE_UNREADABLE`, `SQLITE_IO`, `SQLITE_BUSY`, `NO_SPACE`,
 *   `NATIVE_MODULE_MISSING`, `NATIVE_MODULE_UNSAFE`
 */
export function openSqlite(path: string, options: OpenSqliteOptions = {}): OpenSqliteDatabase {
  if (typeof path !== 'string' || path === '' || path.trim() !== path)
    throw new TypeError('The path of a database is empty or begins or ends with a space');
  const file = path === ':memory:' ? path : resolve(path);
  const Database = loadSqlite();
  let db: OpenSqliteDatabase | undefined;
  try {
    db = new Database(file, {
      readonly: options.readonly ?? false,
      fileMustExist: options.mustExist ?? options.readonly ?? false,
      timeout: options.timeoutMs ?? 5_000,
    }) as unknown as OpenSqliteDatabase; // structural: see sqlite.ts
    db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get();
    return db;
  } catch (error) {
    db?.close();
    throw translateSqliteError(error, file);
  }
}

/**
 * A `LockError` for what SQLite reports about a file: busy, full, denied, missing, unreadable, I/O failed. Other errors (SQL, bugs)
 * are returned as they are.
 */
export function translateSqliteError(error: unknown, file: string): unknown {
  const dir = dirname(file);
  const missingDir = error instanceof TypeError && /directory does not exist/.test(error.message);
  const code = missingDir ? 'SQLITE_MISSING' : sqliteErrorCode(error, file, dir);
  if (code === undefined) return error;
  const detail = missingDir ? 'its folder does not exist' : errnoOf(error);
  return new LockError(code, `${file}: ${detail}`, { cause: error });
}
