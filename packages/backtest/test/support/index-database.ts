import { createRequire } from 'node:module';
import { type IndexAccess, kyselyRunIndex, type RunIndex } from '@tb/backtest';
import { type IndexDatabase, type Layout, migrate, type SqliteConnection } from '@tb/schema';
import { Kysely, type SqliteDatabase, SqliteDialect } from 'kysely';

// This package does not depend on better-sqlite3: the index is handed to it. Its tests borrow that of @tb/testkit.
const borrow = createRequire(new URL('../../../testkit/package.json', import.meta.url));
type Database = SqliteConnection & SqliteDatabase & { defaultSafeIntegers(): void };
const Sqlite = borrow('better-sqlite3') as new (path: string) => Database;

export interface TestIndex extends AsyncDisposable {
  readonly index: RunIndex;
  readonly access: IndexAccess;
}

/** The real index, over a real file. */
export function openTestIndex(layout: Layout): TestIndex {
  const database = new Sqlite(layout.storeDb('index'));
  database.pragma('journal_mode = WAL');
  migrate(database, 'index', 'test');
  database.defaultSafeIntegers();
  const kysely = new Kysely<IndexDatabase>({ dialect: new SqliteDialect({ database }) });
  const access: IndexAccess = {
    read: (body) => body(kysely),
    write: (body) => kysely.transaction().execute(body),
  };
  return {
    index: kyselyRunIndex(access),
    access,
    [Symbol.asyncDispose]: () => kysely.destroy(),
  };
}
