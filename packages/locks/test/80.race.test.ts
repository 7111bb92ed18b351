import { describe, expect, test } from '@jest/globals';
import { seedOf, tempRoot } from '@tb/testkit';
import { RAW_CONTROL, races, soak, violationsOf, WRITER_LOCK } from '../bench/race-suite.ts';

const seed = seedOf();
const linux = process.platform === 'linux' ? describe : describe.skip;

linux('one holder at any time, with an independent witness', () => {
  test('340 races of 20 processes for a stale place: exactly one wins each', async () => {
    using root = tempRoot('race');
    const result = await races(WRITER_LOCK, root.path, 340, seed);
    expect(violationsOf(result)).toEqual([]);
    expect(result.analysis.intervals).toHaveLength(340);
  }, 600_000);

  test('60 holds of 12 processes under SIGKILL and SIGSTOP: no two overlap', async () => {
    using root = tempRoot('soak');
    const result = await soak(root.path, 60, 8, seed);
    expect(violationsOf(result)).toEqual([]);
    expect(result.holds).toBeGreaterThanOrEqual(60);
    expect(result.kills).toBeGreaterThan(5);
    expect(result.stops).toBeGreaterThan(5);
  }, 600_000);

  test('the control: raw proper-lockfile is caught by the same harness', async () => {
    using root = tempRoot('control');
    const result = await races(RAW_CONTROL, root.path, 40, seed);
    // 57 % of such rounds had several holders: 40 without one would mean that the harness is blind.
    expect(result.doubles.length).toBeGreaterThan(0);
    expect(result.analysis.overlaps.length).toBeGreaterThan(0);
    expect(result.analysis.refused.length).toBeGreaterThan(0);
  }, 600_000);
});
