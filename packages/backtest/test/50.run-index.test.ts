import { describe, expect, test } from '@jest/globals';
import { type NewRun, resolveConfig } from '@tb/backtest';
import { INPUT } from './support/candles.ts';
import { openRunRoot } from './support/run-root.ts';
import { config } from './support/simulation.ts';

const run = (given: Partial<NewRun> = {}): NewRun => ({
  runId: 'run_20260202_034500_00112233',
  strategyId: 'moving-average-cross',
  strategyVersion: '1',
  config: resolveConfig(config({ seed: 2n ** 62n + 1n })),
  parameters: { fast: 3, slow: 8, short: false, average: 'simple' },
  fingerprint: 'f'.repeat(64),
  path: 'backtest/runs/run_20260202_034500_00112233.duckdb',
  startedAt: 1_770_000_000_123_456_789n,
  runner: { pid: 4711, startedAs: 'boot ns 1' },
  inputs: [INPUT],
  ...given,
});
const outcome = {
  sha256: 'b'.repeat(64),
  sizeBytes: 12_288,
  metrics: { sharpe: null, totalReturn: 0.1 },
  finishedAt: 1_770_000_001_000_000_000n,
};

describe('the index', () => {
  test('gives back what a run was started with, exactly', async () => {
    await using root = openRunRoot();
    const started = run();
    await root.index.start(started);
    expect(await root.index.find(started.runId)).toEqual({
      runId: started.runId,
      strategyId: 'moving-average-cross',
      strategyVersion: '1',
      state: 'running',
      exchange: 'nse',
      symbols: ['A'],
      timeframe: '1m',
      from: started.config.from,
      to: started.config.to,
      parameters: started.parameters,
      seed: 2n ** 62n + 1n,
      fingerprint: started.fingerprint,
      path: started.path,
      sha256: undefined,
      sizeBytes: undefined,
      metrics: undefined,
      error: undefined,
      startedAt: 1_770_000_000_123_456_789n,
      finishedAt: undefined,
      sweepId: undefined,
      runner: { pid: 4711, startedAs: 'boot ns 1' },
    });
    expect(await root.index.inputsOf(started.runId)).toEqual([INPUT]);
  });

  test('a run goes from running to done once', async () => {
    await using root = openRunRoot();
    const { runId } = run();
    await root.index.start(run());
    await root.index.finish(runId, outcome);
    const { runner, ...done } = (await root.index.find(runId))!;
    expect(done).toMatchObject({ state: 'done', ...outcome });
    expect(runner).toBeUndefined();
    await expect(root.index.finish(runId, outcome)).rejects.toMatchObject({
      code: 'RUN_NOT_RUNNING',
    });
    expect(await root.index.fail(runId, 'late', 1n)).toBe(false);
    expect((await root.index.find(runId))!.state).toBe('done');
  });

  test('a run that was declared dead cannot become done', async () => {
    await using root = openRunRoot();
    const { runId } = run();
    await root.index.start(run());
    expect(await root.index.fail(runId, 'The disk is full', 5n)).toBe(true);
    await expect(root.index.finish(runId, outcome)).rejects.toMatchObject({
      code: 'RUN_NOT_RUNNING',
    });
    expect(await root.index.find(runId)).toMatchObject({
      state: 'failed',
      error: 'The disk is full',
      finishedAt: 5n,
    });
  });

  test('an id is taken once, and a start that fails records nothing', async () => {
    await using root = openRunRoot();
    await root.index.start(run());
    await expect(root.index.start(run())).rejects.toMatchObject({
      code: 'SQLITE_CONSTRAINT_PRIMARYKEY',
    });
    const twice = run({ runId: 'run_20260202_034500_44556677', inputs: [INPUT, INPUT] });
    await expect(root.index.start(twice)).rejects.toMatchObject({
      code: 'SQLITE_CONSTRAINT_PRIMARYKEY',
    });
    expect(await root.index.find(twice.runId)).toBeUndefined();
  });

  test('lists newest first, filtered', async () => {
    await using root = openRunRoot();
    const ids = ['0000aaaa', '0000bbbb', '0000cccc'].map((hash) => `run_20260202_034500_${hash}`);
    for (const [at, runId] of ids.entries())
      await root.index.start(
        run({ runId, startedAt: BigInt(at), ...(at === 1 ? { sweepId: 'sweep_1' } : {}) }),
      );
    await root.index.fail(ids[2]!, 'no', 1n);
    const list = async (filter?: Parameters<typeof root.index.list>[0]): Promise<string[]> =>
      (await root.index.list(filter)).map((each) => each.runId);
    expect(await list()).toEqual([ids[2], ids[1], ids[0]]);
    expect(await list({ limit: 1 })).toEqual([ids[2]]);
    expect(await list({ state: 'running' })).toEqual([ids[1], ids[0]]);
    expect(await list({ sweepId: 'sweep_1' })).toEqual([ids[1]]);
    expect(await list({ strategyId: 'other' })).toEqual([]);
  });

  test('forgets a run with its inputs, but not one that is running', async () => {
    await using root = openRunRoot();
    const { runId } = run();
    await root.index.start(run());
    expect(await root.index.remove(runId)).toBe(false);
    await root.index.fail(runId, 'no', 1n);
    expect(await root.index.remove(runId)).toBe(true);
    expect(await root.index.remove(runId)).toBe(false);
    expect(await root.index.inputsOf(runId)).toEqual([]);
  });
});
