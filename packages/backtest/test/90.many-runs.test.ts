import { existsSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  compareRuns,
  fingerprintOf,
  getRun,
  movingAverageCross,
  planSweep,
  pruneRuns,
  type RunRecord,
  resolveConfig,
  resolveParameters,
  selectPrunable,
  sweepProgress,
} from '@tb/backtest';
import { INPUT, OPEN } from './support/candles.ts';
import { openRunRoot } from './support/run-root.ts';
import { config } from './support/simulation.ts';

const DAY = 86_400_000_000_000n;
const NOW = 1_800_000_000_000_000_000n;

const record = (at: number, given: Partial<RunRecord> = {}): RunRecord => ({
  runId: `run_20260101_000000_${String(at).padStart(8, '0')}`,
  strategyId: 's',
  strategyVersion: '1',
  state: 'done',
  exchange: 'nse',
  symbols: ['A'],
  timeframe: '1m',
  from: 0n,
  to: 1n,
  parameters: {},
  seed: 0n,
  fingerprint: undefined,
  path: `backtest/runs/${at}.duckdb`,
  sha256: undefined,
  sizeBytes: undefined,
  metrics: undefined,
  error: undefined,
  startedAt: NOW - BigInt(at) * DAY,
  finishedAt: undefined,
  sweepId: undefined,
  runner: undefined,
  ...given,
});

describe('prune', () => {
  const ages = (runs: readonly RunRecord[]): number[] =>
    runs.map((run) => Number((NOW - run.startedAt) / DAY));

  test('one run a day: the last 100 runs are more than 30 days', () => {
    const runs = Array.from({ length: 103 }, (_, at) => record(at));
    expect(ages(selectPrunable(runs, NOW))).toEqual([100, 101, 102]);
  });

  test('ten runs a day: 30 days are more than the last 100 runs', () => {
    const runs = Array.from({ length: 400 }, (_, at) =>
      record(at, { startedAt: NOW - BigInt(at) * (DAY / 10n) }),
    );
    const kept = runs.length - selectPrunable(runs, NOW).length;
    expect(kept).toBe(301);
  });

  test('running runs are never chosen and take no place', () => {
    const runs = [record(0, { state: 'running' }), record(200), record(201), record(202)];
    expect(ages(selectPrunable(runs, NOW, { keepRuns: 2 }))).toEqual([202]);
    expect(selectPrunable([record(999, { state: 'running' })], NOW, { keepRuns: 0 })).toEqual([]);
  });

  test('a policy below zero is refused', () => {
    expect(() => selectPrunable([], NOW, { keepRuns: -1 })).toThrow(RangeError);
  });

  test('removes file and row; a prune that was killed between the two is completed', async () => {
    await using root = openRunRoot();
    const [first, second] = [await root.run(), await root.run()];
    const runs = [
      await getRun(root.index, first.runId),
      record(1, { path: 'backtest/runs/run_20260101_000000_00000001.duckdb' }),
    ];
    expect(await pruneRuns(root.layout, root.index, runs)).toEqual([first.runId]);
    expect(existsSync(root.layout.runFile(first.runId))).toBe(false);
    expect(existsSync(root.layout.runFile(second.runId))).toBe(true);
    expect((await root.index.list()).map((run) => run.runId)).toEqual([second.runId]);
    // The file of the second is gone already, its row is not.
    const row = await getRun(root.index, second.runId);
    await pruneRuns(root.layout, { ...root.index, remove: async () => false }, [row]);
    expect(await pruneRuns(root.layout, root.index, [row])).toEqual([second.runId]);
    expect(await root.index.list()).toEqual([]);
  });
});

describe('fingerprint', () => {
  const base = resolveConfig(config());
  const parameters = resolveParameters(movingAverageCross.parameters, {});
  const of = (
    given: {
      strategy?: { id: string; version: string };
      parameters?: Record<string, unknown>;
      config?: Partial<Parameters<typeof config>[0]>;
      inputs?: Parameters<typeof fingerprintOf>[3];
    } = {},
  ): string =>
    fingerprintOf(
      given.strategy ?? movingAverageCross,
      resolveParameters(movingAverageCross.parameters, given.parameters ?? {}),
      given.config ? resolveConfig(config(given.config)) : base,
      given.inputs ?? [INPUT],
    );
  const other = { ...INPUT, tradingDate: '2026-02-03', sha256: 'b'.repeat(64) };

  test('changes with each thing that decides the result', () => {
    const all = [
      of(),
      of({ strategy: { id: 'moving-average-cross', version: '2' } }),
      of({ strategy: { id: 'other', version: '1' } }),
      of({ parameters: { fast: 11 } }),
      of({ config: { seed: 1n } }),
      of({ config: { symbols: ['A', 'B'] } }),
      of({ config: { symbols: ['A B'] } }),
      of({ config: { timeframe: '5m' } }),
      of({ config: { from: OPEN + 1n } }),
      of({ config: { fees: { rate: 0.1 } } }),
      of({ config: { slippage: 0.1 } }),
      of({ inputs: [] }),
      of({ inputs: [{ ...INPUT, sha256: 'c'.repeat(64) }] }),
      of({ inputs: [INPUT, other] }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  test('does not change with order, repetition, text for numbers, or defaults that are given', () => {
    expect(of({ parameters: { slow: '30', fast: '10', short: 'false' } })).toBe(of());
    expect(of({ config: { symbols: ['B', 'A', 'B'] } })).toBe(
      of({ config: { symbols: ['A', 'B'] } }),
    );
    expect(of({ config: { timeframe: '60m' } })).toBe(of({ config: { timeframe: '1h' } }));
    expect(of({ inputs: [other, INPUT] })).toBe(of({ inputs: [INPUT, other] }));
    expect(of({ config: { slippage: 0, leverage: 1 } })).toBe(of());
    expect(Object.keys(parameters)).toEqual(Object.keys(movingAverageCross.parameters));
  });
});

describe('sweep', () => {
  const resolved = resolveConfig(config());
  const plan = (grid: Record<string, readonly unknown[]>): ReturnType<typeof planSweep> =>
    planSweep(movingAverageCross, grid, resolved, [INPUT]);

  test('has every combination once, the last name changing fastest', () => {
    const { points } = plan({ fast: ['2', '3'], slow: [10, '20', '10'] });
    expect(points.map(({ parameters }) => [parameters['fast'], parameters['slow']])).toEqual([
      [2, 10],
      [2, 20],
      [3, 10],
      [3, 20],
    ]);
    expect(new Set(points.map((point) => point.fingerprint)).size).toBe(4);
  });

  test('tells the combinations that the strategy refuses', () => {
    const { points, refused } = plan({ fast: [2, 10], slow: [5, 20] });
    expect(points).toHaveLength(3);
    expect(refused).toMatchObject([{ parameters: { fast: 10, slow: 5 } }]);
    expect(refused[0]!.reason).toContain('fast is 10');
  });

  test('has the same id for the same sweep, however it is written', () => {
    expect(plan({ fast: [2, 3], slow: [10] }).sweepId).toBe(
      plan({ slow: ['10'], fast: ['3', '2'] }).sweepId,
    );
    expect(plan({ fast: [2, 3] }).sweepId).not.toBe(plan({ fast: [2, 4] }).sweepId);
    expect(plan({ fast: [2, 3] }).sweepId).toMatch(/^sweep_[0-9a-f]{16}$/);
  });

  test('refuses a name that the strategy does not have, and a name without values', () => {
    expect(() => plan({ fats: [1] })).toThrow(
      expect.objectContaining({ code: 'PARAMETER_INVALID' }),
    );
    expect(() => plan({ fast: [] })).toThrow(RangeError);
  });

  test('goes on where it stopped: one result a set, whatever failed, ran twice, or runs now', () => {
    const sweep = plan({ fast: [2, 3, 4, 5] });
    const fingerprint = (at: number): string => sweep.points[at]!.fingerprint;
    const runs = [
      record(1, { fingerprint: fingerprint(0) }),
      record(5, { fingerprint: fingerprint(0) }),
      record(2, { fingerprint: fingerprint(1), state: 'failed' }),
      record(3, { fingerprint: fingerprint(2), state: 'running' }),
      record(4, { fingerprint: 'of another sweep' }),
    ];
    const { results, pending, running } = sweepProgress(sweep, runs);
    expect(results.map(({ run }) => run.runId)).toEqual([record(5).runId]);
    expect(pending).toEqual([sweep.points[1], sweep.points[3]]);
    expect(running).toEqual([sweep.points[2]]);
  });

  test('a finished sweep has nothing pending, and its runs carry its id', async () => {
    await using root = openRunRoot();
    const own = resolveConfig(config({ symbols: ['A', 'B'] }));
    const sweep = planSweep(movingAverageCross, { fast: [2, 3], slow: [9] }, own, [INPUT]);
    for (const { parameters, fingerprint } of sweep.points) {
      const result = await root.run({ parameters, config: own, sweepId: sweep.sweepId });
      expect(result.fingerprint).toBe(fingerprint);
    }
    const runs = await root.index.list({ sweepId: sweep.sweepId });
    const { results, pending } = sweepProgress(sweep, runs);
    expect(pending).toEqual([]);
    expect(results.map(({ run }) => run.parameters['fast'])).toEqual([2, 3]);
  });
});

describe('compare', () => {
  test('sets runs side by side and tells what differs', () => {
    const comparison = compareRuns([
      record(1, { parameters: { fast: 2 }, metrics: { sharpe: 1.5, winRate: null } }),
      record(2, { parameters: { fast: 3, slow: 9 }, metrics: { sharpe: 1.5 } }),
    ]);
    const row = (name: string): unknown =>
      [...comparison.settings, ...comparison.metrics].find((each) => each.name === name);
    expect(comparison.runIds).toEqual([record(1).runId, record(2).runId]);
    expect(row('strategy')).toEqual({ name: 'strategy', values: ['s', 's'], differs: false });
    expect(row('parameter fast')).toEqual({
      name: 'parameter fast',
      values: [2, 3],
      differs: true,
    });
    expect(row('parameter slow')).toMatchObject({ values: [undefined, 9], differs: true });
    expect(row('sharpe')).toMatchObject({ values: [1.5, 1.5], differs: false });
    expect(row('winRate')).toMatchObject({ values: [null, undefined], differs: true });
  });
});
