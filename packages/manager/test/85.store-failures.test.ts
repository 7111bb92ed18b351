import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { layoutOf } from '@tb/schema';
import { limitsUnavailable, smallDisk } from '@tb/testkit';
import { dataRoot } from './roots.ts';
import { TestChild } from './test-child.ts';

const insert = (manager: DatabaseManager<'execution'>, detail = 'x') =>
  manager.write('trading', (tx) =>
    tx
      .insertInto('execution_log')
      .values({ ts: 1n, event: 'test', client_order_id: null, detail: JSON.stringify(detail) })
      .execute(),
  );
const count = (manager: DatabaseManager<'execution'>) =>
  manager.read(
    'trading',
    async (db) => (await db.selectFrom('execution_log').select('id').execute()).length,
  );

describe('a store that cannot be written', () => {
  test('another process inside a write transaction is STORE_BUSY, retryable, and over when it is over', async () => {
    using root = await dataRoot('busy');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'execution' });
    await using other = new TestChild('hold-transaction', root.layout.storeDb('trading'));
    await other.message();
    await expect(insert(manager)).rejects.toMatchObject({ code: 'STORE_BUSY', retryable: true });
    expect(await count(manager)).toBe(0); // reads wait for nobody
    other.send('stop');
    await other.message();
    await insert(manager);
    expect(await count(manager)).toBe(1);
  });

  const why = limitsUnavailable();
  const testOnDisk = why === undefined ? test : test.skip;
  testOnDisk(
    `a full disk is STORE_FULL, loses nothing, and passes with the space${why ? ` (skipped: ${why})` : ''}`,
    async () => {
      await using disk = await smallDisk();
      const layout = layoutOf(`${disk.path}/data`);
      await initialiseRoot(layout);
      await using manager = await DatabaseManager.open({ root: layout.root, role: 'execution' });
      await insert(manager);
      const { bavail, bsize } = statfsSync(disk.path);
      const filler = `${disk.path}/filler`;
      mkdirSync(filler);
      writeFileSync(`${filler}/a`, Buffer.alloc(Math.max(0, (bavail - 64) * bsize)));
      let committed = 1;
      const failure = await (async () => {
        for (;;) {
          try {
            await insert(manager, 'x'.repeat(20_000));
            committed += 1;
          } catch (error) {
            return error;
          }
        }
      })();
      expect(failure).toMatchObject({ name: 'ManagerError', code: 'STORE_FULL' });
      expect(await count(manager)).toBe(committed);
      rmSync(filler, { recursive: true });
      await insert(manager, 'x'.repeat(20_000));
      expect(await count(manager)).toBe(committed + 1);
    },
  );
});
