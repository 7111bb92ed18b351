import { expect, test } from '@jest/globals';
import { seedOf } from '@tb/testkit';
import { run as days } from '../bench/soaks/days-soak.ts';
import { run as rollovers } from '../bench/soaks/rollover-soak.ts';

/** Of a loaded machine; alone each takes a few seconds. */
const TIMEOUT_MS = 240_000;

test(
  'rollovers under write load: readers compare every answer with the ledger, and none differs',
  async () => {
    const result = await rollovers({ seed: seedOf(), rounds: 2 });
    expect(result).toMatchObject({ rollovers: 2, ticksWritten: 6000, readers: 4, errors: 0 });
    expect(result['answersCompared']).toBeGreaterThanOrEqual(6);
  },
  TIMEOUT_MS,
);

test(
  'the readers tell a date that the manifest forgets',
  async () => {
    await expect(
      rollovers({ seed: seedOf(), rounds: 2, readers: 1, planted: 'unpublish' }),
    ).rejects.toThrow(/A reader saw: seq \d+ and \d+ more are missing/);
  },
  TIMEOUT_MS,
);

test(
  'three days of two exchanges, with a Sunday session, a missed rollover and late rows, equal the ledger',
  async () => {
    const result = await days({
      seed: seedOf(),
      plan: 'stretches',
      first: 4,
      rounds: 3,
      rows: 300,
    });
    expect(result).toMatchObject({ days: 3, exchangeDates: 5, late: 200, differences: 0 });
    expect(result['monthsBuilt']).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test(
  'a day of the ledger that lacks a tick is told',
  async () => {
    await expect(
      days({ seed: seedOf(), plan: 'stretches', first: 5, rounds: 1, rows: 300, planted: 'lost' }),
    ).rejects.toThrow('nse 2023-11-12: 300 ticks are not the 299 of the ledger');
  },
  TIMEOUT_MS,
);
