import { expect, test } from '@jest/globals';
import { DatabaseManager } from '@tb/manager';
import { D1, ingest, MINUTES, TICKS } from './live-days.ts';
import { read } from './market-rows.ts';
import { clear, freeze, publishLive } from './rollover.ts';
import { dataRoot } from './roots.ts';
import { TestChild } from './test-child.ts';

async function tryOpen(...args: readonly string[]): Promise<unknown> {
  await using child = new TestChild('try-open', ...args);
  return (await child.message())['code'];
}

test('the locks of an owner still stand after every operation in the same process', async () => {
  // Closing any descriptor of a database file drops all POSIX locks of the process on it.
  using root = await dataRoot('stand');
  const ingestor = await DatabaseManager.open({
    root: root.path,
    role: 'ingestor',
    exchanges: ['nse'],
  });
  const execution = await DatabaseManager.open({ root: root.path, role: 'execution' });
  await using reader = await DatabaseManager.open({ root: root.path, role: 'reader' });
  await ingest(ingestor, D1, 1_000);
  await ingestor.live('nse').seal();
  const frozen = await freeze(ingestor, 'nse', D1);
  const day = await publishLive(ingestor, 'nse', D1, frozen);
  for (const manager of [ingestor, execution, reader]) {
    await read(manager.marketData, TICKS);
    await read(manager.marketData, MINUTES);
    await manager.read('trading', (db) => db.selectFrom('orders').selectAll().execute());
    await using session = await manager.openSql();
    for await (const chunk of (await session.query('SELECT count(*) FROM ticks')).chunks)
      expect(chunk.rows).toBe(1);
  }
  await clear(ingestor, 'nse', D1, frozen, day);
  await execution.write('trading', async () => {});
  await reader.close();
  expect(await tryOpen(root.path, 'ingestor', 'nse')).toBe('LOCK_HELD');
  expect(await tryOpen(root.path, 'execution')).toBe('LOCK_HELD');
  await execution.write('trading', async () => {});
  await ingestor.close();
  await execution.close();
  expect(await tryOpen(root.path, 'ingestor', 'nse')).toBe('opened');
  expect(await tryOpen(root.path, 'execution')).toBe('opened');
});
