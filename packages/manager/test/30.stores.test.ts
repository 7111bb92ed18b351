import { renameSync, rmSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { openSqlite } from '@tb/locks';
import { DatabaseManager, type ManagerEvent } from '@tb/manager';
import { sql } from 'kysely';
import { dataRoot } from './roots.ts';

const setting = (key: string, value = '1') => ({ key, value, updated_at: 1n });

describe('write', () => {
  test('commits when the body returns, and gives its result', async () => {
    using root = await dataRoot('write');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const result = await manager.write('config', async (tx) => {
      await tx.insertInto('settings').values(setting('a')).execute();
      return 42;
    });
    expect(result).toBe(42);
    expect(await keys(manager)).toEqual(['a']);
  });

  test('rolls back when the body throws, and throws the same error', async () => {
    using root = await dataRoot('rollback');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const failure = new Error('no');
    await expect(
      manager.write('config', async (tx) => {
        await tx.insertInto('settings').values(setting('a')).execute();
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(await keys(manager)).toEqual([]);
    await manager.write('config', (tx) => tx.insertInto('settings').values(setting('b')).execute());
    expect(await keys(manager)).toEqual(['b']);
  });

  test('writes of one process queue up: bodies never overlap, order is that of the calls', async () => {
    using root = await dataRoot('queue');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const order: string[] = [];
    await Promise.all(
      ['a', 'b', 'c', 'd'].map((key) =>
        manager.write('config', async (tx) => {
          order.push(`${key} in`);
          await tx.insertInto('settings').values(setting(key)).execute();
          await new Promise((resolve) => setImmediate(resolve));
          order.push(`${key} out`);
        }),
      ),
    );
    expect(order).toEqual(['a', 'b', 'c', 'd'].flatMap((key) => [`${key} in`, `${key} out`]));
  });

  test('a failed write does not stop the next one in the queue', async () => {
    using root = await dataRoot('queue-fail');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const failing = manager.write('config', () => Promise.reject(new Error('no')));
    const next = manager.write('config', (tx) =>
      tx.insertInto('settings').values(setting('b')).execute(),
    );
    await expect(failing).rejects.toThrow('no');
    await next;
    expect(await keys(manager)).toEqual(['b']);
  });

  test('a nested write is refused, and the outer one can go on', async () => {
    using root = await dataRoot('nested');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    await manager.write('config', async (tx) => {
      await expect(manager.write('config', async () => {})).rejects.toMatchObject({
        code: 'NESTED_WRITE',
      });
      await expect(tx.transaction().execute(async () => {})).rejects.toMatchObject({
        code: 'NESTED_WRITE',
      });
      await tx.insertInto('settings').values(setting('a')).execute();
    });
    expect(await keys(manager)).toEqual(['a']);
  });

  test('a write that a body left behind runs after it, and is not nested', async () => {
    using root = await dataRoot('left-behind');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    let later: Promise<unknown> = Promise.resolve();
    let committed = (): void => {};
    const gate = new Promise<void>((resolve) => {
      committed = resolve;
    });
    await manager.write('config', async () => {
      later = gate.then(() =>
        manager.write('config', (tx) =>
          tx.insertInto('settings').values(setting('later')).execute(),
        ),
      );
    });
    committed();
    await later;
    expect(await keys(manager)).toEqual(['later']);
  });

  test('a query after the end of its body is refused: it would run without a transaction', async () => {
    using root = await dataRoot('late');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const late = await manager.write('config', async (tx) => ({ tx }));
    await expect(
      late.tx.insertInto('settings').values(setting('late')).execute(),
    ).rejects.toMatchObject({
      code: 'TRANSACTION_ENDED',
    });
    expect(await keys(manager)).toEqual([]);
  });

  test.each([
    'COMMIT',
    'ROLLBACK',
    ' /* hidden */ -- and more\n BEGIN',
    'SAVEPOINT a',
    'PRAGMA synchronous=OFF',
    "ATTACH 'x.db' AS x",
    'DROP TABLE settings',
    'VACUUM',
  ])('the body cannot send %s', async (statement) => {
    using root = await dataRoot('control');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    await expect(
      manager.write('config', (tx) => sql.raw(statement).execute(tx)),
    ).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' });
  });

  test('a broken rule of the schema is CONSTRAINT, names the column, and hides the value', async () => {
    using root = await dataRoot('constraint');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    await manager.write('config', (tx) =>
      tx.insertInto('settings').values(setting('secret-key')).execute(),
    );
    const again = manager.write('config', (tx) =>
      tx.insertInto('settings').values(setting('secret-key')).execute(),
    );
    await expect(again).rejects.toMatchObject({ code: 'CONSTRAINT', retryable: false });
    await expect(again).rejects.toThrow('settings.key');
    await expect(again).rejects.not.toThrow('secret-key');
  });

  test('NaN and booleans are refused before SQLite makes something else of them', async () => {
    using root = await dataRoot('nan');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'scanner' });
    for (const value of [Number.NaN, true])
      await expect(
        manager.write('signals', (tx) => sql`SELECT ${value}`.execute(tx)),
      ).rejects.toThrow(TypeError);
  });

  test('integers above 2^53 come back exact', async () => {
    using root = await dataRoot('bigint');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const at = 2n ** 60n + 1n;
    await manager.write('config', (tx) =>
      tx
        .insertInto('settings')
        .values({ ...setting('a'), updated_at: at })
        .execute(),
    );
    const row = await manager.read('config', (db) =>
      db.selectFrom('settings').selectAll().executeTakeFirstOrThrow(),
    );
    expect(row.updated_at).toBe(at);
  });

  test('a signal gives up a write that waits, and leaves one that runs alone', async () => {
    using root = await dataRoot('signal');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const abort = new AbortController();
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const running = manager.write(
      'config',
      async (tx) => {
        await gate;
        await tx.insertInto('settings').values(setting('running')).execute();
      },
      { signal: abort.signal },
    );
    const waiting = manager.write(
      'config',
      (tx) => tx.insertInto('settings').values(setting('waiting')).execute(),
      { signal: abort.signal },
    );
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'WRITE_ABORTED' });
    release();
    await running;
    expect(await keys(manager)).toEqual(['running']);
  });

  test('every store commits with synchronous=FULL in WAL mode', async () => {
    using root = await dataRoot('full');
    for (const [role, store] of [
      ['execution', 'trading'],
      ['scanner', 'signals'],
      ['api', 'config'],
      ['backtest', 'index'],
    ] as const) {
      await using manager = await DatabaseManager.open({ root: root.path, role });
      const modes = await (manager as unknown as DatabaseManager<'ops'>).write(store, (tx) =>
        sql<{
          mode: string;
          synchronous: bigint;
        }>`SELECT journal_mode AS mode, synchronous FROM pragma_journal_mode, pragma_synchronous`.execute(
          tx,
        ),
      );
      expect(modes.rows).toEqual([{ mode: 'wal', synchronous: 2n }]);
    }
  });
});

describe('read', () => {
  test('sees one moment, whatever is committed meanwhile', async () => {
    using root = await dataRoot('moment');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const seen = await manager.read('config', async (db) => {
      const before = await db.selectFrom('settings').select('key').execute();
      await manager.write('config', (tx) =>
        tx.insertInto('settings').values(setting('a')).execute(),
      );
      const inside = await manager.read('config', (again) =>
        again.selectFrom('settings').select('key').execute(),
      );
      return [
        before.length,
        (await db.selectFrom('settings').select('key').execute()).length,
        inside.length,
      ];
    });
    expect(seen).toEqual([0, 0, 0]);
    expect(await keys(manager)).toEqual(['a']);
  });

  test('a read inside a write sees what was committed before it', async () => {
    using root = await dataRoot('read-in-write');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    await manager.write('config', async (tx) => {
      await tx.insertInto('settings').values(setting('a')).execute();
      expect(await keys(manager)).toEqual([]);
      expect(await tx.selectFrom('settings').selectAll().execute()).toHaveLength(1);
    });
  });

  test('a statement that writes is refused by the engine', async () => {
    using root = await dataRoot('readonly');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const write = manager.read('config', (db) =>
      db.insertInto('settings').values(setting('a')).execute(),
    );
    await expect(write).rejects.toMatchObject({ code: 'STATEMENT_REFUSED' });
    await expect(write).rejects.toThrow('SQLITE_READONLY');
    expect(await keys(manager)).toEqual([]);
  });

  test('a database that a restore put in the place of the old one is seen by the next read', async () => {
    using root = await dataRoot('restored');
    using other = await dataRoot('restored-from');
    await using reader = await DatabaseManager.open({ root: root.path, role: 'reader' });
    expect(await keys(reader)).toEqual([]);
    {
      await using api = await DatabaseManager.open({ root: other.path, role: 'api' });
      await api.write('config', (tx) =>
        tx.insertInto('settings').values(setting('restored')).execute(),
      );
    }
    renameSync(other.layout.storeDb('config'), root.layout.storeDb('config'));
    for (const suffix of ['-wal', '-shm'])
      rmSync(`${root.layout.storeDb('config')}${suffix}`, { force: true });
    expect(await keys(reader)).toEqual(['restored']);
  });

  test('100 reads at once share 8 connections, reads inside reads never wait for one', async () => {
    using root = await dataRoot('pool');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'reader' });
    const nested = Array.from({ length: 100 }, () =>
      manager.read('config', async (db) => {
        await db.selectFrom('settings').selectAll().execute();
        return manager.read('trading', (other) => other.selectFrom('orders').selectAll().execute());
      }),
    );
    expect(await Promise.all(nested)).toHaveLength(100);
  });

  test('stream() is refused: an iterator left alone would pin the WAL', async () => {
    using root = await dataRoot('stream');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'reader' });
    await expect(
      manager.read('config', async (db) => {
        for await (const _row of db.selectFrom('settings').selectAll().stream()) break;
      }),
    ).rejects.toThrow('stream() is not offered');
  });
});

describe('open and close', () => {
  test('a root that was not initialised is NOT_INITIALISED, with the command to run', async () => {
    using root = await dataRoot('absent');
    await expect(
      DatabaseManager.open({ root: root.at('nothing'), role: 'reader' }),
    ).rejects.toMatchObject({ code: 'NOT_INITIALISED', hint: expect.stringContaining('tb init') });
  });

  test('a foreign database in the place of a store is refused at the first read', async () => {
    using root = await dataRoot('foreign');
    const db = openSqlite(root.layout.storeDb('signals'));
    db.pragma('application_id = 7');
    db.close();
    await using manager = await DatabaseManager.open({ root: root.path, role: 'reader' });
    await expect(
      manager.read('signals', (signals) => signals.selectFrom('signals').selectAll().execute()),
    ).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });

  test('close lets a running write end, refuses what comes after, and may be called twice', async () => {
    using root = await dataRoot('close');
    const manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    const running = manager.write('config', async (tx) => {
      await new Promise((resolve) => setImmediate(resolve));
      await tx.insertInto('settings').values(setting('a')).execute();
    });
    const closing = manager.close();
    await expect(manager.write('config', async () => {})).rejects.toMatchObject({
      code: 'MANAGER_CLOSED',
    });
    await expect(manager.read('config', async () => {})).rejects.toMatchObject({
      code: 'MANAGER_CLOSED',
    });
    await running;
    await closing;
    await manager.close();
    await using reader = await DatabaseManager.open({ root: root.path, role: 'reader' });
    expect(await keys(reader)).toEqual(['a']);
  });

  test('close inside a body is refused: it would wait for itself', async () => {
    using root = await dataRoot('close-inside');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    await manager.write('config', async () => {
      await expect(manager.close()).rejects.toThrow('which it would wait for');
    });
  });

  test('the lock is given back last, after the connection that it fences', async () => {
    using root = await dataRoot('order');
    const steps: string[] = [];
    const onEvent = (event: ManagerEvent): void => {
      if (event.type === 'lock' && event.event.type === 'step') steps.push(event.event.step);
    };
    const manager = await DatabaseManager.open({ root: root.path, role: 'api', onEvent });
    const { tx } = await manager.write('config', async (db) => ({ tx: db }));
    await manager.close();
    expect(steps.at(-1)).toBe('guard-closed');
    const late: unknown = await tx
      .selectFrom('settings')
      .selectAll()
      .execute()
      .catch((error: unknown) => error);
    expect(late).toMatchObject({ code: 'TRANSACTION_ENDED' });
  });
});

async function keys(manager: Pick<DatabaseManager<'reader'>, 'read'>): Promise<string[]> {
  const rows = await manager.read('config', (db) =>
    db.selectFrom('settings').select('key').orderBy('key').execute(),
  );
  return rows.map(({ key }) => key);
}
