import { random } from '@tb/simulator';
import { freshRunner, hostedRunner } from './fault-host.ts';
import { FAULT_MODES, type FaultMode, type FaultPoint, formatReplay } from './fault-mode.ts';
import type { FaultRun } from './fault-run.ts';
import { samplePoints } from './sample.ts';
import type { Scenario } from './scenario.ts';
import { openStage, resetWork, runTrial, type Stage, type Trial } from './trial.ts';

export interface CampaignOptions {
  /** Default: all that disturb. */
  readonly modes?: readonly FaultMode[];
  /** First call to disturb, default 1. */
  readonly from?: number;
  readonly seed: number;
  /** At most so many points a mode; default: every one, until the command completes undisturbed. */
  readonly pointsPerMode?: number;
  /** Pairs of faults, the second in the run that recovers from the first; default 0. */
  readonly compound?: number;
  /** Called after each trial. */
  readonly onTrial?: (trial: Trial) => void;
}

export interface Violation {
  /** Value of TB_FAULT that runs it again. */
  readonly replay: string;
  /** The call that was disturbed first. */
  readonly call: string;
  readonly problem: string;
}

export interface CampaignResult {
  readonly scenario: string;
  readonly seed: number;
  /** Storage calls of an undisturbed run. */
  readonly operations: number;
  /** Faults that happened, per mode. */
  readonly points: Readonly<Partial<Record<FaultMode, number>>>;
  /** Compound faults of which each part happened. */
  readonly compound: number;
  /**
   * Points that should have fired and did not, as replay lines: a failure of the harness. The number of calls may vary a
   * little from run to run, by a heartbeat for instance: a point among the last 5 % does not count.
   */
  readonly unfired: readonly string[];
  readonly violations: readonly Violation[];
}

interface Tally {
  readonly points: Partial<Record<FaultMode, number>>;
  compound: number;
  readonly unfired: string[];
  readonly violations: Violation[];
}

function enter(tally: Tally, trial: Trial): void {
  const replay = formatReplay(trial.replay);
  const [first] = trial.replay.points;
  const firedAt = trial.runs.find((run) => run.firedAt !== undefined)?.firedAt;
  const call = firedAt === undefined ? 'no call' : `${firedAt.name} ${firedAt.path}`;
  for (const problem of trial.violations) tally.violations.push({ replay, call, problem });
  if (trial.replay.points.length > 1) {
    if (trial.fired) tally.compound += 1;
  } else if (trial.fired && first !== undefined) {
    tally.points[first.mode] = (tally.points[first.mode] ?? 0) + 1;
  }
}

/** How many calls the mode can disturb, from a run in which none is. */
async function countRun(stage: Stage, mode: FaultMode): Promise<FaultRun> {
  resetWork(stage);
  return stage.runner.disturbed(stage.scenario.command(stage.work), { mode, at: 0, seed: 0 });
}

/** Should the call have come, in a run that has about as many as `counted`? */
function isEarly(at: number, counted: FaultRun): boolean {
  return at < counted.eligible * 0.95 - 3;
}

/**
 * One trial in processes that live on; what it finds is looked at again with a process for each run, as users have them,
 * and that verdict counts.
 */
async function attempt(stage: Stage, points: readonly FaultPoint[]): Promise<Trial> {
  const trial = await runTrial(stage, points);
  if (trial.violations.length === 0) return trial;
  const again = await runTrial({ ...stage, runner: freshRunner(stage.work) }, points);
  if (again.fired && again.violations.length === 0)
    process.stderr.write(
      `only in a process that lives on: TB_FAULT=${formatReplay(trial.replay)}: ${trial.violations.join('; ')}\n`,
    );
  return again.fired ? again : trial;
}

/** Every call from `from` on, until the command completes without the fault. */
async function enumerate(
  stage: Stage,
  mode: FaultMode,
  options: CampaignOptions,
  tally: Tally,
): Promise<void> {
  for (let at = options.from ?? 1; ; at += 1) {
    const trial = await attempt(stage, [{ mode, at, seed: options.seed }]);
    options.onTrial?.(trial);
    enter(tally, trial);
    if (trial.fired) continue;
    if (isEarly(at, await countRun(stage, mode))) tally.unfired.push(formatReplay(trial.replay));
    return;
  }
}

async function sampled(
  stage: Stage,
  mode: FaultMode,
  count: number,
  options: CampaignOptions,
  tally: Tally,
): Promise<void> {
  const run = await countRun(stage, mode);
  const rng = random(`${options.seed}:${stage.scenario.name}:${mode}`);
  const chosen = samplePoints(run.calls, count, rng).filter((at) => at >= (options.from ?? 1));
  for (const at of chosen) {
    const trial = await attempt(stage, [{ mode, at, seed: options.seed }]);
    options.onTrial?.(trial);
    enter(tally, trial);
    if (!trial.fired && isEarly(at, run)) tally.unfired.push(formatReplay(trial.replay));
  }
}

/** Pairs of modes and calls; the second is drawn towards the start of the recovery, where it does most. */
async function compound(stage: Stage, options: CampaignOptions, tally: Tally): Promise<void> {
  const rng = random(`${options.seed}:${stage.scenario.name}:compound`);
  const operations = stage.reference.calls.length;
  const modes = options.modes ?? FAULT_MODES;
  for (let i = 0; i < (options.compound ?? 0); i += 1) {
    const point = (share: number): FaultPoint => {
      const mode = rng.pick(modes);
      const reach = Math.max(
        1,
        Math.floor(
          operations * share * (mode.startsWith('kill') || mode.startsWith('eio') ? 1 : 0.4),
        ),
      );
      return { mode, at: 1 + Math.floor(rng.next() * reach), seed: options.seed };
    };
    const trial = await attempt(stage, [point(1), point(0.5)]);
    options.onTrial?.(trial);
    enter(tally, trial);
  }
}

/**
 * Disturbs a scenario at each storage call, in each mode, and checks the invariants after the fault and after the
 * rerun.
 *
 * @throws Error when the scenario does not hold without a fault, or the shim cannot be built.
 */
export async function runCampaign(
  scenario: Scenario,
  options: CampaignOptions,
): Promise<CampaignResult> {
  using opened = await openStage(scenario);
  await using runner = hostedRunner(opened.work);
  const stage = { ...opened, runner };
  const tally: Tally = { points: {}, compound: 0, unfired: [], violations: [] };
  for (const mode of options.modes ?? FAULT_MODES) {
    if (options.pointsPerMode === undefined) await enumerate(stage, mode, options, tally);
    else if (options.pointsPerMode > 0)
      await sampled(stage, mode, options.pointsPerMode, options, tally);
  }
  await compound(stage, options, tally);
  return {
    scenario: scenario.name,
    seed: options.seed,
    operations: stage.reference.calls.length,
    ...tally,
  };
}
