import { kyselyRunIndex, type RunRecord } from '@tb/backtest';
import type { IndexDatabase } from '@tb/schema';
import type { SqliteDatabase } from 'kysely';
import type { OpenDatabase } from './databases.ts';

/** Every run of an index that is open for reading, newest first. Leaves the connection open. */
export async function listRuns(database: OpenDatabase): Promise<readonly RunRecord[]> {
  const { Kysely, SqliteDialect } = await import('kysely'); // 300 files that other commands do without
  const kysely = new Kysely<IndexDatabase>({
    // Structural: what @tb/locks opens is what this dialect takes.
    dialect: new SqliteDialect({ database: database.db as unknown as SqliteDatabase }),
  });
  const index = kyselyRunIndex({
    read: (body) => body(kysely),
    write: () => Promise.reject(new TypeError('The index is open for reading')),
  });
  return index.list();
}
