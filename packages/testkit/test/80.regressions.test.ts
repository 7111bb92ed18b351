import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { runTrial, type StorageCall, shimUnavailable } from '@tb/testkit';
import { type FaultMode, formatReplay } from '../src/fault-mode.ts';
import { cutPower } from '../src/power-cut-campaign.ts';
import { scenariosNamed } from '../src/scenario-files.ts';
import { openStage, type Stage } from '../src/trial.ts';

const main = fileURLToPath(new URL('../../../apps/ops/dist/main.js', import.meta.url));
const missing =
  (await shimUnavailable()) ?? (existsSync(main) ? undefined : `${main} is not built`);
const because = missing === undefined ? '' : ` (skipped: ${missing})`;

async function stageOf(name: string): Promise<Stage> {
  const [scenario] = await scenariosNamed([name]);
  return openStage(scenario!);
}

/** Numbers of the calls that come right after a sync of the same file: the first of each transaction. */
function firstAfterSync(calls: readonly StorageCall[], path: RegExp): number[] {
  const ofFile = calls.filter((call) => path.test(call.path));
  return ofFile
    .filter((call, i) => call.name === 'pwrite' && ofFile[i - 1]?.name === 'fsync')
    .map(({ number }) => number);
}

async function violationsAt(
  stage: Stage,
  mode: FaultMode,
  points: readonly number[],
): Promise<Record<string, readonly string[]>> {
  const out: Record<string, readonly string[]> = {};
  for (const at of points) {
    const trial = await runTrial(stage, [{ mode, at, seed: 2 }]);
    if (trial.violations.length > 0) out[formatReplay(trial.replay)] = trial.violations;
  }
  return out;
}

/** Each was found by a campaign, and failed before it was mended. */
(missing === undefined ? describe : describe.skip)(`regressions${because}`, () => {
  test('regress-8-skipped-batch: when one commit of a feed fails, no later one moves the mark of its source past it', async () => {
    using stage = await stageOf('live-pipeline');
    const points = firstAfterSync(stage.reference.calls, /live\.db-wal$/).slice(-3);
    expect(points.length).toBeGreaterThan(1);
    expect(await violationsAt(stage, 'eio-once', points)).toEqual({});
  }, 180_000);

  test('regress-8-hot-journal: init completes a database that was killed inside its first transaction', async () => {
    using stage = await stageOf('init');
    const points = stage.reference.calls
      .filter((call) => call.name === 'unlink' && /\.db-journal$/.test(call.path))
      .map(({ number }) => number);
    expect(points.length).toBeGreaterThan(3);
    expect(await violationsAt(stage, 'kill', points.slice(0, 2))).toEqual({});
  }, 180_000);

  test('regress-8-temporary-left: a temporary file of a killed init is gone after the next one', async () => {
    using stage = await stageOf('init');
    const points = stage.reference.calls
      .filter((call) => call.name === 'rename' && /\.tmp/.test(call.path))
      .map(({ number }) => number);
    expect(points.length).toBeGreaterThan(0);
    expect(await violationsAt(stage, 'kill', points.slice(-1))).toEqual({});
  }, 180_000);

  test('regress-8-lock-after-power-cut: a lock that a power cut left is free 20 s later at most, without a manual step', async () => {
    using stage = await stageOf('ingest');
    const { violations } = await cutPower(stage, {
      seed: 2,
      states: 40,
      models: ['ordered'],
      rerunEvery: 10,
    });
    expect(violations).toEqual([]);
  }, 180_000);

  test('regress-8-folder-names: the folder of a new live buffer is durable before the first ack', async () => {
    using stage = await stageOf('live-writer');
    const { violations } = await cutPower(stage, {
      seed: 1,
      states: 60,
      models: ['strict'],
      rerunEvery: 1000,
    });
    expect(violations).toEqual([]);
  }, 180_000);

  test('regress-8-manifest-log: a rebuilt manifest whose log could not be emptied is not put in place', async () => {
    using stage = await stageOf('rebuild-manifest');
    const ofTemporary = stage.reference.calls.filter((call) => /\.tmp-manifest/.test(call.path));
    const checkpoint = ofTemporary.filter(
      (call) => call.name === 'pwrite' && call.path.endsWith('.db'),
    );
    const points = checkpoint.slice(-1).map(({ number }) => number);
    expect(points.length).toBe(1);
    expect(await violationsAt(stage, 'eio-once', points)).toEqual({});
    // Until the new manifest has the name, the old one has it.
    const renamed = ofTemporary.filter((call) => call.name === 'rename');
    const names = renamed.map(({ number }) => number);
    expect(names.length).toBe(1);
    expect(await violationsAt(stage, 'kill', names)).toEqual({});
  }, 180_000);
});
