import { type OpenSqliteDatabase, openSqlite, translateSqliteError } from '@tb/locks';
import { assertMigrated } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { type BackupDatabase, migratedOf } from './backup-entry.ts';

/** What a copy of a SQLite database holds. */
export interface CopyFacts {
  readonly rows: Readonly<Record<string, number>>;
  readonly migration: number;
  readonly epoch: number;
  readonly sqliteVersion: string;
}

/**
 * Reads a closed copy whole: integrity, schema, counts.
 * @throws `BACKUP_CORRUPT`; `SCHEMA_TOO_NEW`, `SCHEMA_TOO_OLD`, `MIGRATION_*`
 */
export function checkCopy(path: string, database: BackupDatabase): CopyFacts {
  const db = openSqlite(path, { readonly: true });
  try {
    const problems = db.prepare('PRAGMA integrity_check(3)').pluck().all() as string[];
    if (problems.length !== 1 || problems[0] !== 'ok')
      throw new OpsError('BACKUP_CORRUPT', `${path} fails its integrity check: ${problems[0]}`);
    assertMigrated(db, migratedOf(database));
    return factsOf(db);
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

function factsOf(db: OpenSqliteDatabase): CopyFacts {
  const tables = db
    .prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    )
    .pluck()
    .all() as string[];
  const rows = Object.fromEntries(
    tables.map((table) => [
      table,
      Number(db.prepare(`SELECT count(*) FROM "${table}"`).pluck().get()),
    ]),
  );
  const epoch = tables.includes('writer_fence')
    ? db.prepare('SELECT epoch FROM writer_fence WHERE id = 1').pluck().get()
    : 0;
  return {
    rows,
    migration: Number(db.pragma('user_version', { simple: true })),
    epoch: Number(epoch ?? 0),
    sqliteVersion: String(db.prepare('SELECT sqlite_version()').pluck().get()),
  };
}
