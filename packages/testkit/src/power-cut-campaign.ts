import { mkdirSync, rmSync } from 'node:fs';
import { DiskModel, type NameModel } from './disk-model.ts';
import { hostedRunner } from './fault-host.ts';
import { runFaulted } from './fault-run.ts';
import { powerCuts } from './power-cut.ts';
import { parseRecording } from './recording.ts';
import type { Scenario } from './scenario.ts';
import { evidenceOf, findings, openStage, rerun, resetWork, type Stage } from './trial.ts';

export interface PowerCutCampaignOptions {
  readonly seed: number;
  /** States for each model of names. */
  readonly states: number;
  readonly models?: readonly NameModel[];
  /** Of so many states one is also rerun to completion, default 1: each. */
  readonly rerunEvery?: number;
}

export interface PowerCutResult {
  readonly scenario: string;
  readonly seed: number;
  readonly states: number;
  readonly violations: readonly {
    readonly model: NameModel;
    readonly after: number;
    readonly problem: string;
  }[];
}

/** `cutPower` on a stage of its own. */
export async function runPowerCuts(
  scenario: Scenario,
  options: PowerCutCampaignOptions,
): Promise<PowerCutResult> {
  using opened = await openStage(scenario);
  await using runner = hostedRunner(opened.work);
  return await cutPower({ ...opened, runner }, options);
}

/**
 * Records one run of a scenario, then checks the disk as it may be after a power cut at many moments of it.
 *
 * @throws Error when the command fails under recording, or makes a change that a recording cannot follow.
 */
export async function cutPower(
  stage: Stage,
  options: PowerCutCampaignOptions,
): Promise<PowerCutResult> {
  const { scenario, work } = stage;
  const { seed } = options;
  const violations: { model: NameModel; after: number; problem: string }[] = [];
  let states = 0;
  for (const model of options.models ?? (['ordered', 'strict'] as const)) {
    resetWork(stage);
    const disk = new DiskModel(work, model);
    const run = await runFaulted(scenario.command(work), {
      root: work,
      point: { mode: 'record', at: 0, seed },
    });
    if (run.exitCode !== 0)
      throw new Error(`Scenario ${scenario.name} fails under recording: ${run.stderr}`);
    const entries = parseRecording(run.recording);
    for (const cut of powerCuts({ disk, entries, model, seed, states: options.states })) {
      rmSync(work, { recursive: true, force: true });
      mkdirSync(work);
      cut.write(work);
      const problems = [
        ...(await findings(scenario, work, evidenceOf(scenario, cut.acked, false))),
      ];
      if (states % (options.rerunEvery ?? 1) === 0) problems.push(...(await rerun(stage)));
      violations.push(...problems.map((problem) => ({ model, after: cut.after, problem })));
      states += 1;
    }
  }
  return { scenario: scenario.name, seed, states, violations };
}
