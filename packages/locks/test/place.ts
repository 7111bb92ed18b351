import { join } from 'node:path';
import { type OpenSqliteDatabase, openSqlite } from '@tb/locks';
import { type TempRoot, tempRoot } from '@tb/testkit';

/** A database folder with one SQLite database, as every store has. */
export interface Place extends Disposable {
  readonly dir: string;
  readonly file: string;
  readonly db: OpenSqliteDatabase;
  /** Texts of the committed rows, in commit order. */
  rows(): string[];
  at(name: string): string;
}

export function place(label = 'locks'): Place {
  const root: TempRoot = tempRoot(label);
  const file = root.at('store.db');
  const db = openSqlite(file);
  db.pragma('journal_mode = WAL');
  db.exec(
    'CREATE TABLE t (seq INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, epoch INTEGER NOT NULL)',
  );
  return {
    dir: root.path,
    file,
    db,
    rows: () =>
      db
        .prepare('SELECT text FROM t ORDER BY seq')
        .all()
        .map((row) => (row as { text: string }).text),
    at: (name) => join(root.path, name),
    [Symbol.dispose]: () => {
      db.close();
      root.remove();
    },
  };
}

/** The error that `work` rejects with; fails when it does not. */
export async function rejection(work: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await work;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('Expected a rejection');
}

/** The error that `work` throws; fails when it does not. */
export function thrown(work: () => unknown): Error & Record<string, unknown> {
  try {
    work();
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('Expected a throw');
}
