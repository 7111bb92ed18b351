/**
 * `pnpm faults [scenario...] [--mode M] [--from N] [--points P] [--compound C] [--deaths D] [--states S]
 * [--files F] [--seed S]`: disturbs the
 * commands of `tb`. `pnpm faults files --files F` damages F files of every kind. `pnpm faults
 * limits [scenario...]` takes space, descriptors and the right to write away. `pnpm faults crash-points` writes docs/crash-points.md from the results so far. With TB_FAULT set,
 * that one point is run again and reported. Exits 1 when an invariant is broken.
 */
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import { violationsOf, writeCrashPoints } from './crash-points.ts';
import { runDeaths } from './death-campaign.ts';
import {
  CLOCK_MODES,
  FAULT_MODES,
  type FaultMode,
  formatReplay,
  parseReplay,
} from './fault-mode.ts';
import { runFiles } from './file-campaign.ts';
import { describeEnd } from './judge.ts';
import { limitsUnavailable, runLimits } from './limits.ts';
import { runPowerCuts } from './power-cut-campaign.ts';
import { formatTable } from './print-table.ts';
import {
  currentCommit,
  type ScenarioResult,
  savedFiles,
  savedResults,
  saveFiles,
  saveResult,
} from './results.ts';
import { runMain } from './run-main.ts';
import type { Scenario } from './scenario.ts';
import { scenariosNamed } from './scenario-files.ts';
import { seedOf } from './seed.ts';
import { shimUnavailable } from './shim.ts';
import { openStage, runTrial, type Trial } from './trial.ts';
import { kindsOf } from './violation-kinds.ts';

interface Plan {
  readonly modes: readonly FaultMode[];
  readonly from: number;
  readonly seed: number;
  readonly points: number | undefined;
  readonly compound: number;
  readonly deaths: number;
  readonly states: number;
  readonly files: number;
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new RangeError(`--${name} is a whole number, not ${text}`);
  return value;
}

function modesOf(names: readonly string[]): FaultMode[] {
  return names.map((name) => {
    const mode = [...FAULT_MODES, ...CLOCK_MODES].find((known) => known === name);
    if (mode === undefined)
      throw new RangeError(
        `No mode ${name}; there are: ${[...FAULT_MODES, ...CLOCK_MODES].join(', ')}`,
      );
    return mode;
  });
}

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

/** A line for each violation at once, and for progress every 100 trials. */
function reporter(scenario: string): (trial: Trial) => void {
  let done = 0;
  return (trial) => {
    done += 1;
    for (const problem of trial.violations)
      process.stderr.write(`VIOLATION TB_FAULT=${formatReplay(trial.replay)}: ${problem}\n`);
    if (done % 100 === 0)
      process.stderr.write(`${scenario}: ${done} points, last ${formatReplay(trial.replay)}\n`);
  };
}

async function runScenario(scenario: Scenario, plan: Plan): Promise<ScenarioResult> {
  const startedAt = new Date();
  process.stderr.write(`faults ${scenario.name}, seed ${plan.seed}\n`);
  const faults = await runCampaign(scenario, {
    modes: plan.modes,
    from: plan.from,
    seed: plan.seed,
    compound: plan.compound,
    onTrial: reporter(scenario.name),
    ...(plan.points === undefined ? {} : { pointsPerMode: plan.points }),
  });
  const { seed, deaths: limit } = plan;
  const deaths = limit > 0 ? await runDeaths(scenario, { seed, limit, rerunEvery: 8 }) : undefined;
  const powerCuts =
    plan.states > 0
      ? await runPowerCuts(scenario, { seed, states: plan.states, rerunEvery: 10 })
      : undefined;
  const mutations =
    plan.files > 0 ? await scenario.mutate?.({ seed, count: plan.files }) : undefined;
  return {
    scenario: scenario.name,
    commands: scenario.commands,
    faults,
    deaths,
    powerCuts,
    mutations,
    exhaustive:
      plan.points === undefined && plan.from === 1 && plan.modes.length === FAULT_MODES.length,
    startedAt: startedAt.toISOString(),
    durationMs: Date.now() - startedAt.getTime(),
    commit: currentCommit(),
    node: process.version,
  };
}

async function limit(names: readonly string[]): Promise<void> {
  const missing = limitsUnavailable();
  if (missing !== undefined) throw new RangeError(missing);
  for (const scenario of await scenariosNamed(names)) {
    const { ends, violations } = await runLimits(scenario);
    for (const [name, end] of Object.entries(ends))
      console.log(`${scenario.name}, ${name}: ${end}`);
    for (const { limit: name, problem } of violations)
      console.log(`VIOLATION ${scenario.name}, ${name}: ${problem}`);
    if (violations.length > 0) process.exitCode = 1;
  }
}

async function damageFiles(count: number, seed: number): Promise<void> {
  const startedAt = new Date();
  const families = await runFiles(count, seed, (result) => {
    const { family, files, rejected, right, foundByHealth, unseen, violations } = result;
    process.stderr.write(
      `${family}: ${files} files, ${rejected} rejected, ${right} right, ${foundByHealth} found by health, ${unseen} unseen, ${violations.length} violations\n`,
    );
    for (const { path, mutation, index, problem } of violations)
      process.stderr.write(`VIOLATION ${mutation} of ${path}, number ${index}: ${problem}\n`);
    if (violations.length > 0) process.exitCode = 1;
  });
  const durationMs = Date.now() - startedAt.getTime();
  const made = { startedAt: startedAt.toISOString(), durationMs };
  saveFiles({ families, seed, ...made, commit: currentCommit(), node: process.version });
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
      mode: { type: 'string', multiple: true, default: [...FAULT_MODES] },
      from: { type: 'string', default: '1' },
      points: { type: 'string' },
      compound: { type: 'string', default: '0' },
      deaths: { type: 'string', default: '0' },
      states: { type: 'string', default: '0' },
      files: { type: 'string', default: '0' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  if (positionals[0] === 'crash-points') {
    console.log(writeCrashPoints(savedResults(), savedFiles()));
    return;
  }
  const missing = await shimUnavailable();
  if (missing !== undefined) throw new RangeError(missing);
  const fault = process.env['TB_FAULT'];
  if (fault !== undefined) return replay(fault);
  if (values.seed !== undefined) process.env['TB_SEED'] = values.seed;
  const plan: Plan = {
    modes: modesOf(values.mode),
    from: wholeNumber(values.from, 'from'),
    seed: seedOf(),
    points: values.points === undefined ? undefined : wholeNumber(values.points, 'points'),
    compound: wholeNumber(values.compound, 'compound'),
    deaths: wholeNumber(values.deaths, 'deaths'),
    states: wholeNumber(values.states, 'states'),
    files: wholeNumber(values.files, 'files'),
  };
  if (positionals[0] === 'files') return damageFiles(plan.files, plan.seed);
  if (positionals[0] === 'limits') return limit(positionals.slice(1));
  const results: ScenarioResult[] = [];
  for (const scenario of await scenariosNamed(positionals)) {
    const result = await runScenario(scenario, plan);
    saveResult(result);
    results.push(result);
  }
  if (values.json) console.log(JSON.stringify(results));
  else print(results);
  if (results.some((result) => problemsOf(result) > 0)) process.exitCode = 1;
}

await runMain(main);
