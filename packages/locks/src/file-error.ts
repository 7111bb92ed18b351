import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { errnoOf, isNoSpace } from './errno.ts';
import { LockError, type LockErrorCode, lockErrors } from './errors.ts';

/** Wraps an error of node:fs about one of our files; anything that has no errno passes as it is. */
export function fileError(error: unknown, path: string): unknown {
  const errno = errnoOf(error);
  if (!/^E[A-Z0-9]+$/.test(errno) || error instanceof LockError) return error;
  if (isNoSpace(error)) return new LockError('NO_SPACE', `${path}: ${errno}`, { cause: error });
  const hint = errno === 'EIO' ? { hint: lockErrors.SQLITE_IO.action } : {}; // not about owner and mode
  return new LockError('RECORD_UNWRITABLE', `${path}: ${errno}`, { cause: error, ...hint });
}

/** SQLite's CANTOPEN hides the errno. Makes and removes a file beside to learn it; undefined when that works. */
export function creationErrno(dir: string): string | undefined {
  const probe = join(dir, `.writer.lock.${process.pid}-probe.tmp`);
  try {
    closeSync(openSync(probe, 'w'));
    return undefined;
  } catch (error) {
    return errnoOf(error);
  } finally {
    rmSync(probe, { force: true });
  }
}

/** The code for a SQLite error about a database file; undefined when it is none that a caller can act upon. */
export function sqliteErrorCode(
  error: unknown,
  path: string,
  dir: string,
): LockErrorCode | undefined {
  const code = errnoOf(error);
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) return 'SQLITE_BUSY';
  if (code === 'SQLITE_FULL') return 'NO_SPACE';
  if (/^SQLITE_(READONLY|PERM|AUTH)/.test(code)) return 'SQLITE_DENIED';
  if (/^SQLITE_(NOTADB|CORRUPT|PROTOCOL)/.test(code)) return 'SQLITE_UNREADABLE';
  if (code.startsWith('SQLITE_IOERR')) return 'SQLITE_IO';
  if (!code.startsWith('SQLITE_CANTOPEN')) return undefined;
  if (!existsSync(dir)) return 'SQLITE_MISSING';
  const errno = creationErrno(dir);
  if (isNoSpace({ code: errno })) return 'NO_SPACE';
  return existsSync(path) || errno !== undefined ? 'SQLITE_DENIED' : 'SQLITE_MISSING';
}
