import { expect, test } from '@jest/globals';
import { DatabaseManager } from '@tb/manager';
import { D1, D2, ticksOf } from './live-days.ts';
import { clear, freeze, publishLive } from './rollover.ts';
import { dataRoot } from './roots.ts';
import { TestChild } from './test-child.ts';

test('readers in other processes see every row once, at any instant of append, seal, rollover and clear', async () => {
  using root = await dataRoot('rollover-readers');
  await using manager = await DatabaseManager.open({
    root: root.path,
    role: 'ingestor',
    exchanges: ['nse'],
  });
  await using first = new TestChild('market-reader', root.path);
  await using second = new TestChild('market-reader', root.path);
  const readers = [first, second];
  await Promise.all(readers.map((reader) => reader.message()));
  const buffer = manager.live('nse');
  const append = async (date: string, rows: number): Promise<void> => {
    for (const batch of ticksOf(date, rows)) await buffer.append(batch);
  };
  await append(D1, 4_000);
  await buffer.seal(D1);
  await append(D1, 3_000);
  await buffer.seal(D1);
  await append(D1, 2_000);
  const frozen = await freeze(manager, 'nse', D1);
  const rolling = publishLive(manager, 'nse', D1, frozen);
  await append(D2, 3_000); // the next day goes on while the one before is built
  const day = await rolling;
  await append(D2, 1_000);
  await clear(manager, 'nse', D1, frozen, day);
  await append(D2, 2_500);
  await buffer.seal(D2);
  await append(D2, 500);
  const reports = readers.map((reader) => reader.message());
  for (const reader of readers) reader.send('stop');
  for (const report of await Promise.all(reports)) {
    expect(report).toMatchObject({ wrong: [], rows: 16_000, version: day.published.version });
    expect(report['origins']).toEqual(['day', 'segment', 'tail']);
    expect(report['reads']).toBeGreaterThan(20);
  }
  await Promise.all(readers.map((reader) => reader.exited()));
});
