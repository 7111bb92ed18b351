import { describe, expect, test } from '@jest/globals';
import { WriterLock } from '@tb/locks';
import { DatabaseManager } from '@tb/manager';
import { dataRoot } from './roots.ts';
import { TestChild } from './test-child.ts';

describe('the fence', () => {
  test('a writer that was deposed cannot commit one row, and says FENCED', async () => {
    using root = await dataRoot('fenced');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'api' });
    await manager.write('config', (tx) =>
      tx.insertInto('settings').values({ key: 'before', value: '1', updated_at: 1n }).execute(),
    );
    // What a forced break leaves behind: a higher epoch in the database, under a lock that we believe we hold.
    await using successor = new TestChild('depose', root.layout.storeDb('config'));
    expect(await successor.message()).toEqual({ deposed: true });
    await successor.exited();
    let bodies = 0;
    const late = manager.write('config', async (tx) => {
      bodies += 1;
      await tx.insertInto('settings').values({ key: 'late', value: '1', updated_at: 1n }).execute();
    });
    await expect(late).rejects.toMatchObject({ name: 'LockError', code: 'FENCED' });
    expect(bodies).toBe(0);
    await using reader = await DatabaseManager.open({ root: root.path, role: 'reader' });
    const rows = await reader.read('config', (db) =>
      db.selectFrom('settings').select('key').execute(),
    );
    expect(rows).toEqual([{ key: 'before' }]);
  });

  test('a writer that was killed leaves its place free, its committed rows, and no half transaction', async () => {
    using root = await dataRoot('killed');
    await using writer = new TestChild('killed-writer', root.path);
    expect(await writer.message()).toEqual({ state: 'inside a transaction', committed: 5 });
    await expect(DatabaseManager.open({ root: root.path, role: 'api' })).rejects.toMatchObject({
      code: 'LOCK_HELD',
    });
    await writer.kill();
    await using manager = await DatabaseManager.open({
      root: root.path,
      role: 'api',
      waitMs: 2_000,
    });
    const rows = await manager.read('config', (db) =>
      db.selectFrom('settings').select('key').execute(),
    );
    expect(rows.map(({ key }) => key).sort()).toEqual(['0', '1', '2', '3', '4']);
    await manager.write('config', (tx) =>
      tx.insertInto('settings').values({ key: 'after', value: '1', updated_at: 1n }).execute(),
    );
  });

  test('the lock of a live manager is not broken without force', async () => {
    using root = await dataRoot('break');
    await using writer = new TestChild('killed-writer', root.path);
    await writer.message();
    await expect(WriterLock.break(root.layout.lockDir('config'))).rejects.toMatchObject({
      code: 'LOCK_HELD',
    });
    await writer.kill();
  });
});

describe('readers in other processes', () => {
  test('see whole transactions, never step back, are never refused, and cannot write', async () => {
    using root = await dataRoot('readers');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'execution' });
    await using one = new TestChild('store-reader', root.path);
    await using two = new TestChild('store-reader', root.path);
    await using three = new TestChild('store-reader', root.path);
    const readers = [one, two, three];
    const ready = await Promise.all(readers.map((reader) => reader.message()));
    expect(ready).toEqual(readers.map(() => ({ ready: true, writeRefused: 'STATEMENT_REFUSED' })));
    const commits = 200;
    for (let commit = 0; commit < commits; commit++)
      await manager.write('trading', async (tx) => {
        // Two rows a transaction: a reader that sees an odd count saw half of one.
        for (const part of ['a', 'b'])
          await tx
            .insertInto('execution_log')
            .values({ ts: BigInt(commit), event: part, client_order_id: null, detail: null })
            .execute();
      });
    const reports = readers.map((reader) => reader.message());
    for (const reader of readers) reader.send('stop');
    for (const report of await Promise.all(reports)) {
      expect(report).toMatchObject({ errors: [], odd: 0, backward: 0, last: commits * 2 });
      expect(report['reads']).toBeGreaterThan(10);
    }
    await Promise.all(readers.map((reader) => reader.exited()));
  });
});
