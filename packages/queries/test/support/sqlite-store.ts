import { type MigratedDatabase, migrate } from '@tb/schema';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';

/** A database of the real schema in memory, as the manager hands it out: integers are bigint. */
export function sqliteStore<Tables>(database: MigratedDatabase): Kysely<Tables> {
  const sqlite = new Database(':memory:');
  migrate(sqlite, database, 'test');
  sqlite.defaultSafeIntegers(true);
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database: sqlite }) });
}
