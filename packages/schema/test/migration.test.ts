import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from '@jest/globals';
import {
  APPLICATION_ID,
  assertMigrated,
  type MigratedDatabase,
  type Migration,
  migrate,
  migrationsOf,
  readSql,
  type SqliteConnection,
} from '@tb/schema';
import Database from 'better-sqlite3';

const DATABASES: MigratedDatabase[] = ['manifest', 'live', 'trading', 'signals', 'config', 'index'];
const second: Migration = {
  id: 2,
  name: 'second',
  sql: 'CREATE TABLE second (x INTEGER) STRICT',
  sha256: 'b'.repeat(64),
};

describe('migrations', () => {
  test.each(DATABASES)('a new %s database gets its tables, once', (name) => {
    const db = new Database(':memory:');
    expect(migrate(db, name, 'test')).toBe(migrationsOf(name).length);
    expect(migrate(db, name, 'test')).toBe(0);
    assertMigrated(db, name);
    expect(db.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
    const loose = db
      .prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE '%STRICT%' AND name NOT LIKE 'sqlite_%'",
      )
      .all();
    expect(loose).toEqual([]);
  });

  test('a database at an older schema is refused to readers and brought forward by the writer', () => {
    const db = new Database(':memory:');
    const steps = [...migrationsOf('trading'), second];
    migrate(db, 'trading', 'test');
    expect(() => assertMigrated(db, 'trading', steps)).toThrow(
      expect.objectContaining({ code: 'SCHEMA_TOO_OLD' }),
    );
    expect(migrate(db, 'trading', 'test', steps)).toBe(1);
    assertMigrated(db, 'trading', steps);
    expect(() => assertMigrated(db, 'trading')).toThrow(
      expect.objectContaining({ code: 'SCHEMA_TOO_NEW' }),
    );
  });

  test('the error of a migration is told when SQLite rolled back by itself, and beside that of a rollback', () => {
    const first = new Error('disk is full');
    const failing = (keepsTransaction: boolean): SqliteConnection => {
      const db = new Database(':memory:');
      return {
        get inTransaction() {
          return db.inTransaction;
        },
        pragma: (source, options) => db.pragma(source, options),
        prepare: (sql) => db.prepare(sql),
        exec: (sql) => {
          if (sql === 'ROLLBACK') throw new Error('no rollback');
          if (sql !== 'COMMIT') return db.exec(sql);
          if (!keepsTransaction) db.exec('ROLLBACK');
          throw first;
        },
      };
    };
    expect(() => migrate(failing(false), 'trading', 'test')).toThrow(first);
    expect(() => migrate(failing(true), 'trading', 'test')).toThrow(
      expect.objectContaining({ errors: [first, new Error('no rollback')] }),
    );
  });

  test('a migration that fails leaves the old schema whole', () => {
    const db = new Database(':memory:');
    migrate(db, 'trading', 'test');
    const broken = {
      ...second,
      sql: 'CREATE TABLE half (x INTEGER) STRICT; CREATE TABLE orders (x INTEGER)',
    };
    expect(() => migrate(db, 'trading', 'test', [...migrationsOf('trading'), broken])).toThrow(
      /already exists/,
    );
    expect(db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'half'").all()).toEqual([]);
    assertMigrated(db, 'trading');
  });

  test('an edited migration is refused', () => {
    const db = new Database(':memory:');
    migrate(db, 'config', 'test');
    db.prepare('UPDATE schema_migrations SET sha256 = ?').run('0'.repeat(64));
    expect(() => migrate(db, 'config', 'test')).toThrow(
      expect.objectContaining({ code: 'MIGRATION_EDITED' }),
    );
  });

  test('a hole in the ledger is refused', () => {
    const db = new Database(':memory:');
    migrate(db, 'config', 'test', [...migrationsOf('config'), second]);
    db.prepare('DELETE FROM schema_migrations WHERE id = 1').run();
    expect(() => migrate(db, 'config', 'test')).toThrow(
      expect.objectContaining({ code: 'MIGRATION_UNKNOWN' }),
    );
  });

  test('a foreign SQLite database is refused and not touched', () => {
    const db = new Database(':memory:');
    db.exec('CREATE TABLE somebody_elses (x)');
    expect(() => migrate(db, 'config', 'test')).toThrow(
      expect.objectContaining({ code: 'MIGRATION_UNKNOWN' }),
    );
    expect(db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()).toEqual({ n: 1 });
  });

  test('a database with nothing but the fence of a lock is a new one', () => {
    const db = new Database(':memory:');
    db.exec('CREATE TABLE writer_fence (id INTEGER PRIMARY KEY, epoch INTEGER, token TEXT) STRICT');
    expect(migrate(db, 'trading', 'test')).toBe(migrationsOf('trading').length);
  });
});

describe('DuckDB files', () => {
  test.each(['day_file/ticks.sql', 'day_file/candles.sql', 'run/0001_init.sql'])(
    '%s runs',
    async (path) => {
      const instance = await DuckDBInstance.create(':memory:');
      const connection = await instance.connect();
      await connection.run(readSql(path));
      connection.closeSync();
      instance.closeSync();
    },
  );
});
