import { type BigIntStats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type BetterSqlite3 from 'better-sqlite3';
import { errnoOf } from './errno.ts';
import { LockError } from './errors.ts';
import { creationErrno } from './file-error.ts';
import { loadSqlite } from './native-module.ts';

export const GUARD = '.writer.guard';

/**
 * The lock of the operating system: the authority on who is the writer. Must be freed by the kernel when the process
 * dies, must not age, and must be exclusive between processes and between guards of one process.
 */
export interface OsGuard {
  /** Tries once, without waiting; false when somebody else has it. @throws `GUARD_READONLY`, `GUARD_CORRUPT`, `SQLITE_IO`, `NO_SPACE` */
  tryAcquire(path: string): boolean;
  /** Is the file that was locked still the one under its name? */
  intact(): boolean;
  /** Frees the lock. A second call does nothing. */
  close(): void;
}

export type OsGuardFactory = () => OsGuard;

/** A guard whose lock is SQLite's RESERVED lock on an empty file, in a transaction that is never committed. */
export const sqliteGuard: OsGuardFactory = () => new SqliteGuard();

class SqliteGuard implements OsGuard {
  #db: BetterSqlite3.Database | undefined;
  #path = '';
  #identity = '';

  tryAcquire(path: string): boolean {
    // The file could be replaced between open and lock: then the lock is on a file nobody looks at.
    for (let attempt = 0; attempt < 5; attempt++) {
      const before = fileIdentity(path) ?? create(path);
      const db = open(path);
      try {
        if (!lock(db, path)) return close(db, false);
      } catch (error) {
        db.close();
        throw error;
      }
      const stats = look(path);
      if (stats === undefined || identityOf(stats) !== before) {
        db.close();
        continue;
      }
      if (stats.size !== 0n) {
        db.close();
        throw notEmpty(path, stats.size);
      }
      this.#db = db;
      this.#path = path;
      this.#identity = before;
      return true;
    }
    throw new LockError('GUARD_LOST', `${path} is being replaced: 5 times while it was locked`);
  }

  intact(): boolean {
    return this.#db !== undefined && fileIdentity(this.#path) === this.#identity;
  }

  close(): void {
    const db = this.#db;
    this.#db = undefined;
    db?.close(); // rolls back: the file stays empty
  }
}

/** What can be told of a guard by trying it; 'unknown': this user cannot write it. */
export type GuardLook = 'held' | 'free' | 'missing' | 'unknown';

/**
 * Takes the lock of a guard and gives it back at once. Makes no file where there is none.
 * @throws `GUARD_CORRUPT`, `SQLITE_IO`, `NO_SPACE`
 */
export function probeGuard(path: string): GuardLook {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return 'missing';
  if (stats.size !== 0) throw notEmpty(path, stats.size);
  try {
    const db = open(path);
    try {
      return lock(db, path) ? 'free' : 'held';
    } finally {
      db.close();
    }
  } catch (error) {
    if (error instanceof LockError && error.code === 'GUARD_READONLY') return 'unknown';
    throw error;
  }
}

function notEmpty(path: string, size: number | bigint): LockError {
  return new LockError('GUARD_CORRUPT', `${path} is ${size} bytes, expected 0`);
}

/** Device and inode, or undefined when there is no file. */
export function fileIdentity(path: string): string | undefined {
  const stats = look(path);
  return stats === undefined ? undefined : identityOf(stats);
}

function look(path: string): BigIntStats | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false });
}

function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** Made by SQLite, never by node:fs: a descriptor of node:fs would drop the locks of this process when it closes. */
function create(path: string): string {
  open(path, false).close();
  return fileIdentity(path) ?? '';
}

function open(path: string, mustExist = true): BetterSqlite3.Database {
  const Database = loadSqlite();
  try {
    return new Database(path, { timeout: 0, fileMustExist: mustExist });
  } catch (error) {
    throw guardError(error, path);
  }
}

/**
 * MEMORY: otherwise a journal stays behind after a kill. The write: on a file that this user cannot write SQLite grants
 * BEGIN IMMEDIATE and locks nothing; only a write tells.
 */
const LOCK = 'PRAGMA journal_mode = MEMORY; BEGIN IMMEDIATE; PRAGMA user_version = 1';

function lock(db: BetterSqlite3.Database, path: string): boolean {
  try {
    db.exec(LOCK);
    return true;
  } catch (error) {
    if (/^SQLITE_BUSY/.test(errnoOf(error))) return false;
    throw guardError(error, path);
  }
}

function close(db: BetterSqlite3.Database, result: boolean): boolean {
  db.close();
  return result;
}

function guardError(cause: unknown, path: string): unknown {
  const code = errnoOf(cause);
  if (!code.startsWith('SQLITE_')) return cause;
  if (code.startsWith('SQLITE_READONLY'))
    return new LockError('GUARD_READONLY', `${path} is not writable: ${code}`, { cause });
  if (code.startsWith('SQLITE_CANTOPEN')) {
    const errno = creationErrno(dirname(path));
    if (errno === 'ENOSPC' || errno === 'EDQUOT')
      return new LockError('NO_SPACE', `${path}: ${errno}`, { cause });
    if (errno !== undefined || look(path)?.isFile())
      return new LockError('GUARD_READONLY', `${path} cannot be opened: ${errno ?? code}`, {
        cause,
      });
  }
  if (code.startsWith('SQLITE_IOERR'))
    return new LockError('SQLITE_IO', `${path} cannot be locked: ${code}`, { cause });
  return new LockError('GUARD_CORRUPT', `${path} cannot be locked: ${code}`, { cause });
}
