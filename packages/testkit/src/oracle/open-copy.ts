import { copyFileSync, existsSync } from 'node:fs';
import { basename } from 'node:path';
import Database from 'better-sqlite3';
import { tempRoot } from '../temp-root.ts';

/** A SQLite database that was copied, and is gone after use. Integers come as bigint. */
export interface OpenCopy extends Disposable {
  readonly db: Database.Database;
}

/**
 * Copies a database with its WAL or journal, and opens the copy. The recovery that opening may do happens there: what is
 * left on the disk under test is what the next run of our code finds. Nobody may write meanwhile.
 *
 * @throws Error of SQLite when it cannot be opened.
 */
export function openCopy(path: string): OpenCopy {
  const folder = tempRoot('oracle');
  try {
    for (const suffix of ['', '-wal', '-journal'])
      if (existsSync(path + suffix))
        copyFileSync(path + suffix, folder.at(basename(path) + suffix));
    const db = new Database(folder.at(basename(path)), { fileMustExist: true });
    db.defaultSafeIntegers(true);
    return {
      db,
      [Symbol.dispose]: () => {
        db.close();
        folder.remove();
      },
    };
  } catch (error) {
    folder.remove();
    throw error;
  }
}

/** Does the database have this table? A new one may not. */
export function hasTable(db: Database.Database, name: string): boolean {
  return db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;
}
