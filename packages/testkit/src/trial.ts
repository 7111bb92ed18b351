import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { freshRunner, type Runner } from './fault-host.ts';
import type { FaultPoint, Replay } from './fault-mode.ts';
import type { FaultRun } from './fault-run.ts';
import { describeEnd, judgeEnd } from './judge.ts';
import { litterOf } from './litter.ts';
import type { Evidence, Scenario } from './scenario.ts';
import { tempRoot } from './temp-root.ts';

/** A scenario, prepared: the folder before the command, and what an undisturbed run makes of it. */
export interface Stage extends Disposable {
  readonly scenario: Scenario;
  /** The folder before the command; never run in. */
  readonly template: string;
  /** Runs happen here, always under the same path. */
  readonly work: string;
  /** Digest of the undisturbed result. */
  readonly expected: string;
  /** The undisturbed run. */
  readonly reference: FaultRun;
  readonly runner: Runner;
}

/** What one or more faults in a row did. */
export interface Trial {
  readonly replay: Replay;
  /** The disturbed runs, in order. */
  readonly runs: readonly FaultRun[];
  /** Every fault of the trial happened. */
  readonly fired: boolean;
  readonly violations: readonly string[];
}

/** Makes `work` a fresh copy of the template. */
export function resetWork(stage: Pick<Stage, 'template' | 'work'>): void {
  rmSync(stage.work, { recursive: true, force: true });
  cpSync(stage.template, stage.work, { recursive: true, preserveTimestamps: true });
}

/** @throws Error when the scenario does not hold even without a fault: nothing could be concluded then. */
export async function openStage(scenario: Scenario): Promise<Stage> {
  const root = tempRoot(`stage-${scenario.name}`);
  try {
    const [template, work] = [root.at('template'), root.at('work')];
    mkdirSync(template);
    await scenario.prepare(template);
    resetWork({ template, work });
    const runner = freshRunner(work);
    const reference = await runner.undisturbed(scenario.command(work));
    const problems = await verdictOnCompleted(scenario, work, reference);
    if (problems.length > 0)
      throw new Error(`Scenario ${scenario.name} fails without a fault: ${problems.join('; ')}`);
    const expected = await scenario.digest(work);
    return { scenario, template, work, expected, reference, runner, [Symbol.dispose]: root.remove };
  } catch (error) {
    root.remove();
    throw error;
  }
}

/** What is known after a run. */
export function evidenceOf(scenario: Scenario, acked: string, completed: boolean): Evidence {
  return { acked, completed, promised: completed || scenario.promises?.(acked) === true };
}

/** The invariants. A disk that cannot even be read breaks them: the error is the finding. */
export async function findings(
  scenario: Scenario,
  work: string,
  evidence: Evidence,
): Promise<readonly string[]> {
  try {
    return await scenario.check(work, evidence);
  } catch (error) {
    return [`cannot be read: ${(error as Error).message}`];
  }
}

/** What differs from an undisturbed result, if anything. */
async function difference(stage: Stage): Promise<string[]> {
  try {
    const digest = await stage.scenario.digest(stage.work);
    return digest === stage.expected ? [] : ['the content differs from that of an undisturbed run'];
  } catch (error) {
    return [`cannot be read: ${(error as Error).message}`];
  }
}

/** A run that says it is complete: exit 0, invariants, nothing left behind. */
async function verdictOnCompleted(
  scenario: Scenario,
  work: string,
  run: FaultRun,
): Promise<string[]> {
  const out = judgeEnd(scenario, run);
  if (run.exitCode !== 0) return [...out, `does not complete: ${describeEnd(run)}`];
  out.push(...(await findings(scenario, work, evidenceOf(scenario, run.stdout, true))));
  const litter = litterOf(work, scenario.litter);
  if (litter.length > 0) out.push(`left behind: ${litter.slice(0, 5).join(', ')}`);
  return out;
}

const TEMPORARY_EXIT = 75;
const PATIENCE_MS = 20_000;

/** Runs the command again; exit 75 says "temporary, try again", which is done for 20 s as a supervisor would. */
async function runAgain(stage: Stage): Promise<FaultRun> {
  const { scenario, work } = stage;
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const run = await stage.runner.undisturbed(scenario.command(work));
    if (run.exitCode !== TEMPORARY_EXIT || performance.now() > deadline) return run;
    await delay(500);
  }
}

/** Runs the command again without a fault; it must end with the content of an undisturbed run. */
export async function rerun(stage: Stage): Promise<string[]> {
  const { scenario, work } = stage;
  const run = await runAgain(stage);
  const problems = await verdictOnCompleted(scenario, work, run);
  if (run.exitCode === 0) problems.push(...(await difference(stage)));
  return problems.map((problem) => `rerun: ${problem}`);
}

/** One disturbed run and the invariants right after it. */
async function disturb(
  stage: Stage,
  point: FaultPoint,
): Promise<{ run: FaultRun; violations: string[] }> {
  const { scenario, work } = stage;
  const run = await stage.runner.disturbed(scenario.command(work), point);
  const violations = judgeEnd(scenario, run);
  const completed = run.exitCode === 0;
  violations.push(...(await findings(scenario, work, evidenceOf(scenario, run.stdout, completed))));
  if (completed)
    violations.push(...(await difference(stage)).map((problem) => `exit 0, but ${problem}`));
  return { run, violations };
}

/**
 * A fresh copy, the faults one after the other (each hits the run that recovers from the one before), then a rerun
 * without a fault.
 */
export async function runTrial(stage: Stage, points: readonly FaultPoint[]): Promise<Trial> {
  resetWork(stage);
  const runs: FaultRun[] = [];
  const violations: string[] = [];
  for (const point of points) {
    const { run, violations: found } = await disturb(stage, point);
    runs.push(run);
    violations.push(...found);
    if (run.fired === 0) break;
  }
  violations.push(...(await rerun(stage)));
  const fired = runs.length === points.length && runs.every((run) => run.fired > 0);
  return { replay: { scenario: stage.scenario.name, points }, runs, fired, violations };
}
