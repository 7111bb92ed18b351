import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openSqlite, WriterLock } from '@tb/locks';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { layoutOf, migrationsOf, SCHEMA_VERSION } from '@tb/schema';
import { tempRoot } from '@tb/testkit';

describe('initialiseRoot', () => {
  test('makes all databases once, and finds them done the second time', async () => {
    using root = tempRoot('init');
    const layout = layoutOf(root.at('data'));
    const first = await initialiseRoot(layout);
    expect(first.status).toBe('created');
    expect(first.databases.map(({ database, status }) => `${database} ${status}`)).toEqual([
      'manifest created',
      'trading created',
      'signals created',
      'config created',
      'index created',
    ]);
    expect(readFileSync(layout.schemaVersionFile, 'utf8')).toBe(`${SCHEMA_VERSION}\n`);
    const before = statSync(layout.storeDb('trading'), { bigint: true });
    const second = await initialiseRoot(layout);
    expect(second.status).toBe('already_initialised');
    expect(second.databases.every(({ status }) => status === 'unchanged')).toBe(true);
    expect(statSync(layout.storeDb('trading'), { bigint: true }).mtimeNs).toBe(before.mtimeNs);
  });

  test('a root that is up to date needs no lock: running writers are not disturbed', async () => {
    using root = tempRoot('init-running');
    const layout = layoutOf(root.path);
    await initialiseRoot(layout);
    await using _execution = await DatabaseManager.open({ root: root.path, role: 'execution' });
    expect((await initialiseRoot(layout)).status).toBe('already_initialised');
  });

  test.each(['trading', 'config'] as const)(
    'completes a root whose %s database is missing',
    async (store) => {
      using root = tempRoot('init-half');
      const layout = layoutOf(root.path);
      await initialiseRoot(layout);
      rmSync(layout.storeDb(store));
      await expect(DatabaseManager.open({ root: root.path, role: 'reader' })).rejects.toMatchObject(
        {
          code: 'NOT_INITIALISED',
        },
      );
      const again = await initialiseRoot(layout);
      expect(again.status).toBe('completed');
      expect(again.databases.filter(({ status }) => status === 'created')).toHaveLength(1);
      await using _reader = await DatabaseManager.open({ root: root.path, role: 'reader' });
    },
  );

  test('completes a root without its version file, which comes last', async () => {
    using root = tempRoot('init-version');
    const layout = layoutOf(root.path);
    await initialiseRoot(layout);
    rmSync(layout.schemaVersionFile);
    await expect(DatabaseManager.open({ root: root.path, role: 'reader' })).rejects.toMatchObject({
      code: 'NOT_INITIALISED',
    });
    expect((await initialiseRoot(layout)).status).toBe('completed');
  });

  test('completes a database file that was created and never filled', async () => {
    using root = tempRoot('init-empty');
    const layout = layoutOf(root.path);
    await initialiseRoot(layout);
    rmSync(layout.storeDb('signals'));
    writeFileSync(layout.storeDb('signals'), '');
    const result = await initialiseRoot(layout);
    expect(result.databases.find(({ database }) => database === 'signals')).toMatchObject({
      status: 'created',
      migrations: migrationsOf('signals').length,
    });
  });

  test('completes a database that was killed inside its first transaction: a hot journal stands beside it', async () => {
    using root = tempRoot('init-hot');
    const layout = layoutOf(root.path);
    mkdirSync(layout.storeDir('signals'), { recursive: true });
    const path = layout.storeDb('signals');
    const db = openSqlite(root.at('killed.db'));
    db.exec('PRAGMA cache_size = 1; PRAGMA cache_spill = 1; PRAGMA user_version = 0; BEGIN');
    db.exec('CREATE TABLE half (x)');
    for (let i = 0; i < 50; i++) db.exec(`INSERT INTO half VALUES (zeroblob(4000))`);
    copyFileSync(root.at('killed.db'), path);
    copyFileSync(root.at('killed.db-journal'), `${path}-journal`);
    db.exec('ROLLBACK');
    db.close();
    expect(statSync(path).size).toBeGreaterThan(0);
    expect(() => openSqlite(path, { readonly: true })).toThrow(/SQLITE_READONLY_ROLLBACK/);
    const result = await initialiseRoot(layout);
    expect(result.databases.find(({ database }) => database === 'signals')).toMatchObject({
      status: 'created',
    });
    await using _reader = await DatabaseManager.open({ root: root.path, role: 'reader' });
  });

  test('what a killed run left behind is gone after the next one', async () => {
    using root = tempRoot('init-litter');
    const layout = layoutOf(root.path);
    await initialiseRoot(layout);
    renameSync(layout.schemaVersionFile, join(layout.marketData, '.tmp-.schema_version'));
    const leftOfLock = join(layout.storeDir('index'), '.writer.lock.a-token.tmp');
    writeFileSync(leftOfLock, '{"pid": 1');
    await initialiseRoot(layout);
    expect(existsSync(leftOfLock)).toBe(false);
    // A kill in the last step of all: the version file is there already.
    writeFileSync(leftOfLock, '');
    expect((await initialiseRoot(layout)).status).toBe('already_initialised');
    expect(existsSync(leftOfLock)).toBe(false);
    expect(readdirSync(layout.marketData).filter((name) => name.includes('tmp'))).toEqual([]);
  });

  test('refuses a foreign SQLite file in the place of a database, and leaves it as it is', async () => {
    using root = tempRoot('init-foreign');
    const layout = layoutOf(root.path);
    mkdirSync(layout.storeDir('config'), { recursive: true });
    const foreign = openSqlite(layout.storeDb('config'));
    foreign.exec('CREATE TABLE theirs (x)');
    foreign.close();
    const before = readFileSync(layout.storeDb('config'));
    await expect(initialiseRoot(layout)).rejects.toMatchObject({ code: 'MIGRATION_UNKNOWN' });
    expect(readFileSync(layout.storeDb('config')).equals(before)).toBe(true);
  });

  test('refuses a file that is no database', async () => {
    using root = tempRoot('init-text');
    const layout = layoutOf(root.path);
    mkdirSync(layout.storeDir('config'), { recursive: true });
    writeFileSync(
      layout.storeDb('config'),
      'this is a text file, and long enough to be read as a header '.repeat(40),
    );
    await expect(initialiseRoot(layout)).rejects.toMatchObject({ code: 'SQLITE_UNREADABLE' });
  });

  test('refuses a root that a newer version made', async () => {
    using root = tempRoot('init-newer');
    const layout = layoutOf(root.path);
    await initialiseRoot(layout);
    writeFileSync(layout.schemaVersionFile, '99.0.0\n');
    await expect(initialiseRoot(layout)).rejects.toMatchObject({ code: 'SCHEMA_TOO_NEW' });
    await expect(DatabaseManager.open({ root: root.path, role: 'reader' })).rejects.toMatchObject({
      code: 'SCHEMA_TOO_NEW',
    });
  });

  test('refuses a version file that holds no version', async () => {
    using root = tempRoot('init-garbage');
    const layout = layoutOf(root.path);
    await initialiseRoot(layout);
    truncateSync(layout.schemaVersionFile, 0);
    await expect(DatabaseManager.open({ root: root.path, role: 'reader' })).rejects.toMatchObject({
      code: 'STORE_FAILED',
    });
  });

  test('a migration waits for nobody: a database whose writer runs is LOCK_HELD', async () => {
    using root = tempRoot('init-held');
    const layout = layoutOf(root.path);
    await initialiseRoot(layout);
    rmSync(layout.storeDb('trading'));
    await using _held = await WriterLock.acquire(layout.lockDir('trading'), { purpose: 'test' });
    await expect(initialiseRoot(layout)).rejects.toMatchObject({ code: 'LOCK_HELD' });
  });

  test('a second initialisation at the same moment does no harm', async () => {
    using root = tempRoot('init-twice');
    const layout = layoutOf(root.path);
    const results = await Promise.allSettled([initialiseRoot(layout), initialiseRoot(layout)]);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'LOCK_HELD' });
    await initialiseRoot(layout);
    await using _reader = await DatabaseManager.open({ root: root.path, role: 'reader' });
  });
});
