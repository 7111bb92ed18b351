import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { SchemaError } from './errors.ts';
import { APPLICATION_ID } from './version.ts';

/** The SQLite databases that have migrations; `run` and `day_file` are DuckDB files made once. */
export type MigratedDatabase = 'manifest' | 'live' | 'trading' | 'signals' | 'config' | 'index';

/** One forward step. `id` counts from 1 without holes. */
export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** What the ledger needs of a SQLite connection: better-sqlite3's `Database` fits as it is. */
export interface SqliteConnection {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  pragma(source: string, options?: { simple?: boolean }): unknown;
  prepare(sql: string): {
    all(...values: unknown[]): unknown[];
    run(...values: unknown[]): unknown;
  };
}

const folder = new URL('../sql/', import.meta.url);

/** Text of one SQL file of this package, e.g. `readSql('day_file/ticks.sql')`. */
export function readSql(path: string): string {
  return readFileSync(new URL(path, folder), 'utf8');
}

/** All migrations of a database, oldest first. */
export function migrationsOf(database: MigratedDatabase): readonly Migration[] {
  const names = readdirSync(new URL(`${database}/`, folder)).filter((name) =>
    /^\d{4}_\w+\.sql$/.test(name),
  );
  return names.sort().map((name, index) => {
    const sql = readSql(`${database}/${name}`);
    const id = Number(name.slice(0, 4));
    if (id !== index + 1)
      throw new SchemaError(
        'MIGRATION_UNKNOWN',
        `Migration ${database}/${name} leaves a hole before it`,
      );
    return {
      id,
      name: name.slice(5, -4),
      sql,
      sha256: createHash('sha256').update(sql).digest('hex'),
    };
  });
}

const LEDGER = `CREATE TABLE IF NOT EXISTS schema_migrations (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL, tool_version TEXT NOT NULL
) STRICT`;

/**
 * Brings a SQLite database to the newest schema, each migration in one transaction: the file is at the old or the new
 * version, never between. Call it as the writer. A database that is up to date is not written to.
 *
 * @param steps For tests; by default the migrations shipped here.
 * @returns How many migrations were applied: 0 when there was nothing to do.
 * @throws `MIGRATION_EDITED`, `MIGRATION_UNKNOWN`, `SCHEMA_TOO_NEW`
 */
export function migrate(
  db: SqliteConnection,
  database: MigratedDatabase,
  toolVersion: string,
  steps: readonly Migration[] = migrationsOf(database),
): number {
  const applied = readLedger(db, database, steps);
  for (const step of steps.slice(applied)) {
    db.exec('BEGIN IMMEDIATE');
    try {
      if (step.id === 1) db.pragma(`application_id = ${APPLICATION_ID}`);
      db.exec(LEDGER);
      db.exec(step.sql);
      db.prepare('INSERT INTO schema_migrations VALUES (?, ?, ?, ?, ?)').run(
        step.id,
        step.name,
        step.sha256,
        BigInt(Date.now()) * 1_000_000n,
        toolVersion,
      );
      db.pragma(`user_version = ${step.id}`);
      db.exec('COMMIT');
    } catch (error) {
      rollBack(db, error);
      throw error;
    }
  }
  return steps.length - applied;
}

/** SQLite rolls back by itself on a full disk and on I/O errors. When a step here fails too, neither error hides the other. */
function rollBack(db: SqliteConnection, error: unknown): void {
  if (!db.inTransaction) return;
  try {
    db.exec('ROLLBACK');
  } catch (second) {
    throw new AggregateError([error, second], 'A migration failed, and so did its rollback');
  }
}

/**
 * Checks that a database is exactly at the newest schema. Reads only; for readers and for writers before they write.
 * @throws `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`, `MIGRATION_EDITED`, `MIGRATION_UNKNOWN`
 */
export function assertMigrated(
  db: SqliteConnection,
  database: MigratedDatabase,
  steps: readonly Migration[] = migrationsOf(database),
): void {
  const applied = readLedger(db, database, steps);
  if (applied < steps.length)
    throw new SchemaError(
      'SCHEMA_TOO_OLD',
      `Database ${database} is at migration ${applied}, this version needs ${steps.length}`,
    );
}

/** How many migrations the database has, after checking each against its text. */
function readLedger(
  db: SqliteConnection,
  database: MigratedDatabase,
  steps: readonly Migration[],
): number {
  const id = Number(db.pragma('application_id', { simple: true }));
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'writer_fence'")
    .all() as { name: string }[];
  const hasLedger = tables.some((table) => table.name === 'schema_migrations');
  if (!hasLedger) {
    // An empty file, or one with nothing but the fence of @tb/locks, is a database about to be born.
    if (tables.length === 0 && (id === 0 || id === APPLICATION_ID)) return 0;
    throw new SchemaError(
      'MIGRATION_UNKNOWN',
      `Database ${database} has ${tables.length} tables and no migration ledger: it is not one of ours`,
    );
  }
  const rows = db.prepare('SELECT id, name, sha256 FROM schema_migrations ORDER BY id').all() as {
    id: number | bigint;
    name: string;
    sha256: string;
  }[];
  rows.forEach((row, index) => {
    if (Number(row.id) !== index + 1)
      throw new SchemaError(
        'MIGRATION_UNKNOWN',
        `The ledger of ${database} has migration ${row.id} in place ${index + 1}`,
      );
    const step = steps[index];
    if (!step)
      throw new SchemaError(
        'SCHEMA_TOO_NEW',
        `Database ${database} is at migration ${rows.length}, this version knows ${steps.length}`,
      );
    if (step.name !== row.name || step.sha256 !== row.sha256)
      throw new SchemaError(
        'MIGRATION_EDITED',
        `Migration ${row.id} of ${database} was applied with sha256 ${String(row.sha256).slice(0, 12)}, here it is ${step.sha256.slice(0, 12)}`,
      );
  });
  return rows.length;
}
