import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { openSqlite, WriterLock } from '@tb/locks';
import { runPowerCuts, type Scenario, seedOf, shimUnavailable } from '@tb/testkit';

const seed = seedOf();
const unavailable = await shimUnavailable();
if (unavailable !== undefined) process.stderr.write(`Skipped, power cuts: ${unavailable}\n`);
const recorded = unavailable === undefined ? describe : describe.skip;
const script = fileURLToPath(new URL('children/epochs.mjs', import.meta.url));

/** A fence that was issued once, in WAL or with a rollback journal, in a database that does not sync its commits. */
function scenario(journal: 'WAL' | 'DELETE', careless: boolean): Scenario {
  return {
    name: `epochs-${journal.toLowerCase()}`,
    commands: [],
    async prepare(root) {
      const db = openSqlite(join(root, 'store.db'));
      db.pragma(`journal_mode = ${journal}`);
      await (await WriterLock.acquire(root, { purpose: 'test', fence: db })).release();
      db.close();
    },
    command: (root) => ({
      argv: [process.execPath, script, JSON.stringify({ dir: root, careless })],
    }),
    async check(root, { acked }) {
      const told = [...acked.matchAll(/epoch (\d+)/g)].map(([, epoch]) => Number(epoch));
      // The record is not synced: the database alone must keep the epochs.
      for (const name of ['.writer.lock', '.writer.lock.lock'])
        rmSync(join(root, name), { recursive: true, force: true });
      const db = openSqlite(join(root, 'store.db'));
      try {
        const lock = await WriterLock.acquire(root, { purpose: 'check', fence: db });
        await lock.release();
        return told.some((epoch) => epoch >= lock.epoch)
          ? [`epoch ${lock.epoch} was issued after ${told.join(', ')}`]
          : [];
      } finally {
        db.close();
      }
    },
    digest: () => Promise.resolve('epochs only'),
  };
}

recorded('a power cut after an epoch was issued', () => {
  test.each(['WAL', 'DELETE'] as const)(
    'no epoch is issued twice, %s journal, synchronous = NORMAL',
    async (journal) => {
      const result = await runPowerCuts(scenario(journal, false), {
        seed,
        states: 60,
        rerunEvery: 60,
      });
      expect(result.violations).toEqual([]);
      expect(result.states).toBeGreaterThanOrEqual(60);
    },
    120_000,
  );

  test('the control: an epoch that is not forced to the disk is issued twice', async () => {
    const result = await runPowerCuts(scenario('WAL', true), { seed, states: 60, rerunEvery: 60 });
    expect(result.violations.length).toBeGreaterThan(0);
  }, 120_000);
});
