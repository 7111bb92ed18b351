import { describe, expect, test } from '@jest/globals';
import {
  type CampaignResult,
  formatReplay,
  openStage,
  parseReplay,
  runCampaign,
  runPowerCuts,
  runTrial,
  type Scenario,
  seedOf,
  shimUnavailable,
} from '@tb/testkit';
import { publishing } from './scenario-publish.ts';

const seed = seedOf();
const missing = await shimUnavailable();
describe('replay lines', () => {
  test('a line is read back as it was written', () => {
    for (const text of ['rollover:eio-once:117:42', 'day-build:kill:3+torn:9:0'])
      expect(formatReplay(parseReplay(text))).toBe(text);
  });
  test.each(['', 'rollover', 'rollover:boom:1:1', 'rollover:kill:x:1'])('refuses %j', (text) => {
    expect(() => parseReplay(text)).toThrow(RangeError);
  });
});

(missing === undefined ? describe : describe.skip)(
  `campaigns, seed ${seed}${missing ? ` (${missing})` : ''}`,
  () => {
    test('the right order passes every fault at every call, and every point fired', async () => {
      const result = await runCampaign(publishing('none'), { seed, compound: 10 });
      expect(result.violations).toEqual([]);
      expect(result.unfired).toEqual([]);
      expect(result.points.kill).toBe(result.operations);
      expect(result.points['eio-ever']).toBe(result.operations);
      expect(result.points.torn).toBeGreaterThan(0);
      expect(result.compound).toBeGreaterThan(0);
    }, 180_000);

    test('faults in a row: each hits the run that recovers from the one before', async () => {
      const result = await runCampaign(publishing('none'), {
        ...{ seed: 7, modes: ['kill'], pointsPerMode: 0, compound: 6, depth: 3 },
      });
      expect(result.violations).toEqual([]);
      expect(result.compound).toBeGreaterThan(0);
      expect(result.deep).toBeGreaterThan(0);
      expect(result.deep).toBeLessThanOrEqual(result.compound);
    }, 180_000);

    test('a mode is enumerated in pieces, and a stopped campaign says where it stopped', async () => {
      const modes = ['kill'] as const;
      const begin = await runCampaign(publishing('none'), { seed, modes, to: 2 });
      expect(begin.tried).toEqual([{ mode: 'kill', from: 1, to: 2, isEnd: false }]);
      expect(begin.points).toEqual({ kill: 2 });
      const stop = new AbortController();
      const middle = await runCampaign(publishing('none'), {
        ...{ seed, modes, from: 3, signal: stop.signal, compound: 5 },
        onTrial: () => stop.abort(),
      });
      expect(middle.tried).toEqual([{ mode: 'kill', from: 3, to: 3, isEnd: false }]);
      expect(middle.compound).toBe(0);
      const kept: CampaignResult[] = [];
      const rest = await runCampaign(publishing('none'), {
        ...{ seed, modes, from: 4 },
        onProgress: (soFar) => kept.push(soFar),
      });
      expect(rest.tried).toEqual([{ mode: 'kill', from: 4, to: rest.operations, isEnd: true }]);
      expect(kept).toEqual([rest]);
    }, 180_000);

    test.each([
      ['rename-early', 'kill'],
      ['delete-first', 'kill'],
      ['ack-early', 'kill'],
      ['retry-fsync', 'eio-once'],
    ] as const)(
      'planted bug %s is caught by %s',
      async (bug, mode) => {
        const { violations } = await runCampaign(publishing(bug), { modes: [mode], seed });
        expect(violations.length).toBeGreaterThan(0);
        const { points } = parseReplay(violations[0]!.replay);
        using stage = await openStage(publishing(bug));
        const again = await runTrial(stage, points);
        expect(again.violations).toContain(violations[0]!.problem);
      },
      180_000,
    );

    test('a scenario that fails without a fault is an error, not a pass', async () => {
      const broken: Scenario = { ...publishing('none'), check: async () => ['never right'] };
      await expect(runCampaign(broken, { seed })).rejects.toThrow(
        /fails without a fault: never right/,
      );
    }, 180_000);

    test('an oracle that always agrees is seen: the planted bugs go through it', async () => {
      const blind: Scenario = {
        ...publishing('rename-early'),
        check: async () => [],
        digest: async () => 'same',
      };
      const { violations } = await runCampaign(blind, { modes: ['kill'], seed });
      expect(violations).toEqual([]);
    }, 180_000);

    test('power cuts: the right order passes both models, a missing fsync is caught', async () => {
      const good = await runPowerCuts(publishing('none'), { seed, states: 100, rerunEvery: 10 });
      expect(good.violations).toEqual([]);
      expect(good.states).toBe(200);
      const bad = await runPowerCuts(publishing('no-file-fsync'), {
        seed,
        states: 100,
        rerunEvery: 100,
      });
      expect(bad.violations.length).toBeGreaterThan(0);
    }, 180_000);
  },
);
