/**
 * `pnpm faults [scenario...] [--mode M] [--from N] [--to N] [--points P] [--compound C] [--deaths D] [--states S]
 * [--files F] [--seed S]`: disturbs the commands of `tb`. `pnpm faults files --files F [--family NAME]` damages F files of
 * every kind. `pnpm faults limits [scenario...]` takes space, descriptors and the right to write away. `pnpm faults
 * crash-points` writes docs/crash-points.md from the results so far. With TB_FAULT set, that one point is run again and
 * reported. Exits 1 when an invariant is broken, 130 when SIGINT or SIGTERM ended it early: what was found until then is kept.
 */
import { parseArgs } from 'node:util';
import { violationsOf, writeCrashPoints } from './crash-points.ts';
import { formatReplay, parseReplay } from './fault-mode.ts';
import { PLAN_OPTIONS, type Plan, planOf } from './fault-plan.ts';
import { type FamilyResult, runFiles } from './file-campaign.ts';
import { describeEnd } from './judge.ts';
import { limitsUnavailable, runLimits } from './limits.ts';
import { formatTable } from './print-table.ts';
import {
  currentCommit,
  type ScenarioResult,
  savedFiles,
  savedLimits,
  savedResults,
  saveFiles,
  saveLimits,
} from './results.ts';
import { runMain } from './run-main.ts';
import { runScenario } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { scenariosNamed } from './scenario-files.ts';
import { shimUnavailable } from './shim.ts';
import { openStage, runTrial } from './trial.ts';
import { kindsOf } from './violation-kinds.ts';

async function replay(text: string): Promise<void> {
  const { scenario: name, points } = parseReplay(text);
  const [scenario] = await scenariosNamed([name]);
  using stage = await openStage(scenario as Scenario);
  const trial = await runTrial(stage, points);
  for (const run of trial.runs) {
    console.log(
      `${run.point.mode} ${run.point.at}: ${run.firedAt ? `${run.firedAt.name} ${run.firedAt.path}` : 'did not fire'}; ${describeEnd(run)}`,
    );
    if (run.stdout !== '') console.log(run.stdout.trimEnd());
  }
  for (const problem of trial.violations) console.log(`VIOLATION ${problem}`);
  console.log(`${formatReplay(trial.replay)}: ${trial.violations.length} violations`);
  if (trial.violations.length > 0 || !trial.fired) process.exitCode = 1;
}

/** Saves what it has after each scenario. */
async function limit(names: readonly string[], signal: AbortSignal): Promise<void> {
  const missing = limitsUnavailable();
  if (missing !== undefined) throw new RangeError(missing);
  for (const scenario of await scenariosNamed(names)) {
    if (signal.aborted) return;
    const startedAt = new Date();
    const result = await runLimits(scenario);
    const durationMs = Date.now() - startedAt.getTime();
    const run = { startedAt: startedAt.toISOString(), durationMs, node: process.version };
    saveLimits({ ...result, ...run, commit: currentCommit() });
    for (const [name, end] of Object.entries(result.ends))
      console.log(`${scenario.name}, ${name}: ${end}`);
    for (const { limit: name, problem } of result.violations)
      console.log(`VIOLATION ${scenario.name}, ${name}: ${problem}`);
    if (result.violations.length > 0) process.exitCode = 1;
  }
}

function tellFamily(result: FamilyResult): void {
  const { family, files, rejected, right, foundByHealth, unseen, violations } = result;
  process.stderr.write(
    `${family}: ${files} files, ${rejected} rejected, ${right} right, ${foundByHealth} found by health, ${unseen} unseen, ${violations.length} violations\n`,
  );
  for (const { path, mutation, index, problem } of violations)
    process.stderr.write(`VIOLATION ${mutation} of ${path}, number ${index}: ${problem}\n`);
  if (violations.length > 0) process.exitCode = 1;
}

/** Saves what it has after each family. */
async function damageFiles(
  { files, seed }: Plan,
  only: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const startedAt = new Date();
  const run = {
    startedAt: startedAt.toISOString(),
    commit: currentCommit(),
    node: process.version,
  };
  const families: FamilyResult[] = [];
  const onFamily = (result: FamilyResult): void => {
    families.push(result);
    saveFiles({ ...run, families, seed, durationMs: Date.now() - startedAt.getTime() });
    tellFamily(result);
  };
  await runFiles(files, seed, { onFamily, signal, ...(only.length === 0 ? {} : { only }) });
}

/** Aborted by the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => {
      process.stderr.write(`${name}: ends after the point that runs, and keeps what was found\n`);
      process.exitCode = 130;
      stop.abort();
    });
  return stop.signal;
}

function problemsOf(result: ScenarioResult): number {
  return (
    result.faults.violations.length +
    result.faults.unfired.length +
    (result.deaths?.violations.length ?? 0) +
    (result.powerCuts?.violations.length ?? 0) +
    (result.mutations?.violations.length ?? 0)
  );
}

function print(results: readonly ScenarioResult[]): void {
  const cells = results.map((result) => {
    const { scenario, faults, deaths, powerCuts, mutations, durationMs } = result;
    const points = Object.values(faults.points).reduce((sum, count) => sum + (count ?? 0), 0);
    const violations = violationsOf(result).length;
    return [
      scenario,
      faults.operations,
      points,
      faults.unfired.length,
      faults.compound,
      (deaths?.whole ?? 0) + (deaths?.torn ?? 0),
      powerCuts?.states ?? 0,
      mutations?.files ?? 0,
      violations,
      Math.round(durationMs / 1000),
    ].map(String);
  });
  console.log(
    formatTable(
      [
        'scenario',
        'calls',
        'faults',
        'unfired',
        'compound',
        'deaths',
        'power cuts',
        'damaged',
        'violations',
        's',
      ],
      cells,
    ),
  );
  for (const result of results)
    for (const { problem, count, first } of kindsOf(violationsOf(result)))
      console.log(`${result.scenario}: ${count} times, first at ${first}: ${problem}`);
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      ...PLAN_OPTIONS,
      family: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (positionals[0] === 'crash-points') {
    console.log(writeCrashPoints(savedResults(), savedFiles(), savedLimits()));
    return;
  }
  const missing = await shimUnavailable();
  if (missing !== undefined) throw new RangeError(missing);
  const fault = process.env['TB_FAULT'];
  if (fault !== undefined) return replay(fault);
  const plan = planOf(values);
  const signal = stopSignal();
  if (positionals[0] === 'files') return damageFiles(plan, values.family, signal);
  if (positionals[0] === 'limits') return limit(positionals.slice(1), signal);
  const results: ScenarioResult[] = [];
  for (const scenario of await scenariosNamed(positionals)) {
    if (signal.aborted) break;
    results.push(await runScenario(scenario, plan, signal));
  }
  if (values.json) console.log(JSON.stringify(results));
  else print(results);
  if (results.some((result) => problemsOf(result) > 0)) process.exitCode = 1;
}

await runMain(main);
