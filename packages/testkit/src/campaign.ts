import { random } from '@tb/simulator';
import type { Stretch } from './coverage.ts';
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
  /** Last call to disturb; default: until the command completes undisturbed. */
  readonly to?: number;
  readonly seed: number;
  /** At most so many points a mode; default: every one, until the command completes undisturbed. */
  readonly pointsPerMode?: number;
  /** Faults in a row, each in the run that recovers from the one before; default 0. */
  readonly compound?: number;
  /** How many in a row, default 2. */
  readonly depth?: number;
  /** Ends the campaign after the trial that runs; its result holds what was tried until then. */
  readonly signal?: AbortSignal;
  /** Called after each trial. */
  readonly onTrial?: (trial: Trial) => void;
  /** Called with the result so far, after each mode and every 100 trials: a long run need not be lost. */
  readonly onProgress?: (result: CampaignResult) => void;
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
  /** What was disturbed call by call; samples are not in it. */
  readonly tried: readonly Stretch[];
  /** Compound faults of which two or more happened. */
  readonly compound: number;
  /** Those of which three or more happened. */
  readonly deep: number;
  /**
   * Points that should have fired and did not, as replay lines: a failure of the harness. The number of calls may vary a
   * little from run to run, by a heartbeat for instance: a point among the last 5 % does not count.
   */
  readonly unfired: readonly string[];
  readonly violations: readonly Violation[];
}

const PROGRESS_TRIALS = 100;

/** A campaign as it runs: what it may do, and what it has found. */
class Tally {
  readonly stage: Stage;
  readonly options: CampaignOptions;
  readonly #points: Partial<Record<FaultMode, number>> = {};
  readonly #violations: Violation[] = [];
  readonly #tried: Stretch[] = [];
  readonly #unfired: string[] = [];
  #compound = 0;
  #deep = 0;
  #trials = 0;

  constructor(stage: Stage, options: CampaignOptions) {
    this.stage = stage;
    this.options = options;
  }

  get isStopped(): boolean {
    return this.options.signal?.aborted === true;
  }

  enter(trial: Trial): void {
    const replay = formatReplay(trial.replay);
    const [first] = trial.replay.points;
    const firedAt = trial.runs.find((run) => run.firedAt !== undefined)?.firedAt;
    const call = firedAt === undefined ? 'no call' : `${firedAt.name} ${firedAt.path}`;
    for (const problem of trial.violations) this.#violations.push({ replay, call, problem });
    if (trial.replay.points.length > 1) {
      const happened = trial.runs.filter(({ fired }) => fired > 0).length;
      if (happened >= 2) this.#compound += 1;
      if (happened >= 3) this.#deep += 1;
    } else if (trial.fired && first !== undefined) {
      this.#points[first.mode] = (this.#points[first.mode] ?? 0) + 1;
    }
    this.#trials += 1;
    this.options.onTrial?.(trial);
    if (this.#trials % PROGRESS_TRIALS === 0) this.options.onProgress?.(this.result());
  }

  enterStretch(stretch: Stretch): void {
    this.#tried.push(stretch);
  }

  enterUnfired(trial: Trial): void {
    this.#unfired.push(formatReplay(trial.replay));
  }

  result(): CampaignResult {
    return {
      scenario: this.stage.scenario.name,
      seed: this.options.seed,
      operations: this.stage.reference.calls.length,
      points: { ...this.#points },
      tried: [...this.#tried],
      compound: this.#compound,
      deep: this.#deep,
      unfired: [...this.#unfired],
      violations: [...this.#violations],
    };
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

/** Every call from `from` to `to`, or until the command completes without the fault. */
async function enumerate(mode: FaultMode, tally: Tally): Promise<void> {
  const { from = 1, to = Number.POSITIVE_INFINITY, seed } = tally.options;
  let [at, isEnd] = [from, false];
  for (; at <= to && !tally.isStopped; at += 1) {
    const trial = await attempt(tally.stage, [{ mode, at, seed }]);
    tally.enter(trial);
    if (trial.fired) continue;
    isEnd = !isEarly(at, await countRun(tally.stage, mode));
    if (!isEnd) tally.enterUnfired(trial);
    break;
  }
  tally.enterStretch({ mode, from, to: at - 1, isEnd });
}

async function sampled(mode: FaultMode, count: number, tally: Tally): Promise<void> {
  const { stage } = tally;
  const { from = 1, to = Number.POSITIVE_INFINITY, seed } = tally.options;
  const run = await countRun(stage, mode);
  const calls = run.calls.filter(({ eligible }) => eligible >= from && eligible <= to);
  const rng = random(`${seed}:${stage.scenario.name}:${mode}`);
  for (const at of samplePoints(calls, count, rng)) {
    if (tally.isStopped) return;
    const trial = await attempt(stage, [{ mode, at, seed }]);
    tally.enter(trial);
    if (!trial.fired && isEarly(at, run)) tally.enterUnfired(trial);
  }
}

/** Modes and calls by chance; from the second on towards the start of the recovery, where they do most. */
async function compound(tally: Tally): Promise<void> {
  const { stage, options } = tally;
  const rng = random(`${options.seed}:${stage.scenario.name}:compound`);
  const operations = stage.reference.calls.length;
  const modes = options.modes ?? FAULT_MODES;
  for (let i = 0; i < (options.compound ?? 0) && !tally.isStopped; i += 1) {
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
    const later = Array.from({ length: (options.depth ?? 2) - 1 }, () => point(0.5));
    tally.enter(await attempt(stage, [point(1), ...later]));
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
  const tally = new Tally(stage, options);
  const { pointsPerMode } = options;
  for (const mode of options.modes ?? FAULT_MODES) {
    if (tally.isStopped || pointsPerMode === 0) break;
    if (pointsPerMode === undefined) await enumerate(mode, tally);
    else await sampled(mode, pointsPerMode, tally);
    options.onProgress?.(tally.result());
  }
  await compound(tally);
  return tally.result();
}
