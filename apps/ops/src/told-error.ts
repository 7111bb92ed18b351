import { LockError, type LockErrorCode } from '@tb/locks';
import { OpsError } from './errors.ts';

/**
 * The error to tell of several: a failed cleanup after a failed step (`SuppressedError`) or failures side by side
 * (`AggregateError`) hide codes inside. The first that has a code counts, the step before its cleanup; then what an engine
 * threw raw gets a code, and so an exit code and a hint.
 */
export function toldError(error: unknown): unknown {
  const named = leavesOf(error).map(namedEngineError);
  return named.find(hasCode) ?? error;
}

/** Depth first, in the order of time. */
function leavesOf(error: unknown): unknown[] {
  const { name, errors, suppressed } = (error ?? {}) as Record<string, unknown>;
  if (name === 'SuppressedError')
    return [suppressed, (error as { error?: unknown }).error].flatMap(leavesOf);
  if (Array.isArray(errors)) return errors.flatMap(leavesOf);
  return [error];
}

function hasCode(error: unknown): boolean {
  return typeof (error as { code?: unknown } | null | undefined)?.code === 'string';
}

/** By the first letters of SQLite's result code. Others (SQL that is wrong, a broken rule) are bugs of ours and stay raw. */
const SQLITE: readonly (readonly [RegExp, LockErrorCode])[] = [
  [/^SQLITE_(BUSY|LOCKED)/, 'SQLITE_BUSY'],
  [/^SQLITE_FULL/, 'NO_SPACE'],
  [/^SQLITE_(READONLY|PERM|AUTH|CANTOPEN)/, 'SQLITE_DENIED'],
  [/^SQLITE_(CORRUPT|NOTADB|PROTOCOL)/, 'SQLITE_UNREADABLE'],
  [/^SQLITE_IOERR/, 'SQLITE_IO'],
];

/**
 * By what DuckDB's messages say; its errors have no code. They do not all begin with their kind: an appender says "Failed to
 * append: Failed to commit: Could not write file ...: No space left on device".
 */
const DUCKDB: readonly (readonly [RegExp, (message: string, cause: unknown) => Error])[] = [
  [
    /No space left on device|disk quota|max_temp_directory_size/i,
    (message, cause) => new LockError('NO_SPACE', message, { cause }),
  ],
  [
    /^Out of Memory Error|bad allocation|std::bad_alloc/,
    (message, cause) => new OpsError('MEMORY_USED_UP', message, { cause }),
  ],
  [
    // The client's own words ("Failed to query"), when the engine could not even say why: no memory for the reason.
    /^Failed to [a-z ]+$/,
    (message, cause) =>
      new OpsError('MEMORY_USED_UP', `DuckDB: ${message}, and no reason given`, { cause }),
  ],
  [
    /^(IO|FATAL) Error|^Failed to append: .*(Could not|fsync failed|Cannot open file|Failed to (get|create directory))|Input\/output error/s,
    (message, cause) => new OpsError('ENGINE_IO', message, { cause }),
  ],
];

/** A raw error of SQLite or DuckDB with the code of its kind; any other error as it is. */
function namedEngineError(error: unknown): unknown {
  const { name, code, message } = (error ?? {}) as Record<string, unknown>;
  if (code === 'SQLITE_NOMEM' || message === 'Array buffer allocation failed')
    return new OpsError('MEMORY_USED_UP', String(message), { cause: error });
  if (name === 'SqliteError' && typeof code === 'string') {
    const known = SQLITE.find(([pattern]) => pattern.test(code));
    return known ? new LockError(known[1], `${message} (${code})`, { cause: error }) : error;
  }
  if (code !== undefined || typeof message !== 'string') return error;
  const known = DUCKDB.find(([pattern]) => pattern.test(message));
  return known ? known[1](message.split('\n')[0] ?? message, error) : error;
}
