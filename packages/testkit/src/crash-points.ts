import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describeCoverage, wholeModes } from './coverage.ts';
import { CLOCK_MODES, FAULT_MODES, type FaultMode } from './fault-mode.ts';
import type { FamilyResult } from './file-campaign.ts';
import { limitsSection, limitViolations } from './limits-section.ts';
import { markdownTable } from './markdown-table.ts';
import { MENDED } from './mended.ts';
import type { FilesResult, SavedLimits, ScenarioResult } from './results.ts';
import { kindsOf } from './violation-kinds.ts';

const target = fileURLToPath(new URL('../../../docs/crash-points.md', import.meta.url));
const catalog = fileURLToPath(new URL('../../../pnpm-workspace.yaml', import.meta.url));

const MODES = [...FAULT_MODES, ...CLOCK_MODES];

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
const figure = (value: number): string => value.toLocaleString('en');

/** Everything that a result has against the code, each with how to see it again. */
export function violationsOf(result: ScenarioResult): { problem: string; at: string }[] {
  const { scenario, faults, deaths, powerCuts, mutations } = result;
  return [
    ...faults.violations.map(({ replay, call, problem }) => ({
      problem,
      at: `\`TB_FAULT=${replay}\` (${call})`,
    })),
    ...(deaths?.violations ?? []).map(({ after, torn, problem }) => ({
      problem: `death${torn ? ' in the middle of a write' : ''}: ${problem}`,
      at: `\`pnpm faults ${scenario} --points 0 --deaths ${(deaths?.whole ?? 0) + (deaths?.torn ?? 0)} --seed ${deaths?.seed}\`, after ${after} changes`,
    })),
    ...(powerCuts?.violations ?? []).map(({ model, after, problem }) => ({
      problem: `power cut, ${model} names: ${problem}`,
      at: `\`pnpm faults ${scenario} --points 0 --states ${(powerCuts?.states ?? 0) / 2} --seed ${powerCuts?.seed}\`, after ${after} changes`,
    })),
    ...(mutations?.violations ?? []).map(({ path, mutation, index, problem }) => ({
      problem: `${mutation} of ${path}: ${problem}`,
      at: `\`pnpm faults ${scenario} --points 0 --files ${mutations?.files} --seed ${mutations?.seed}\`, number ${index}`,
    })),
  ];
}

interface Counts {
  readonly scenario: string;
  readonly calls: number;
  readonly modes: readonly number[];
  /** Of these every call was disturbed. */
  readonly whole: ReadonlySet<FaultMode>;
  readonly faults: number;
  readonly compound: number;
  readonly deaths: number;
  readonly cuts: number;
  readonly violations: number;
}

/** All runs of one scenario in one line. */
function countsOf(scenario: string, results: readonly ScenarioResult[]): Counts {
  const modes = MODES.map((mode) => sum(results.map(({ faults }) => faults.points[mode] ?? 0)));
  return {
    scenario,
    modes,
    whole: wholeModes(results),
    calls: results.at(-1)?.faults.operations ?? 0,
    faults: sum(modes),
    compound: sum(results.map(({ faults }) => faults.compound)),
    deaths: sum(results.map(({ deaths }) => (deaths?.whole ?? 0) + (deaths?.torn ?? 0))),
    cuts: sum(results.map(({ powerCuts }) => powerCuts?.states ?? 0)),
    violations: sum(results.map((result) => violationsOf(result).length)),
  };
}

function openViolations(
  results: readonly ScenarioResult[],
  files: readonly FilesResult[],
  limits: readonly SavedLimits[],
): string {
  const ofScenarios = results.flatMap((result) =>
    kindsOf(violationsOf(result)).map(
      ({ problem, count, first }) =>
        `- ${result.scenario}, ${count} times, first at ${first}: ${problem}`,
    ),
  );
  const ofFiles = files.flatMap(({ families, seed }) =>
    families.flatMap(({ family, violations }) =>
      violations.map(
        ({ path, mutation, index, problem }) =>
          `- ${family}, ${mutation} of ${path} (seed ${seed}, number ${index}): ${problem}`,
      ),
    ),
  );
  const lines = [...ofScenarios, ...ofFiles, ...limitViolations(limits)];
  return lines.length === 0 ? 'None.' : lines.join('\n');
}

function familyRow(one: FamilyResult): (string | number)[] {
  const { family, isSealed, files, rejected, right, foundByHealth, unseen, violations } = one;
  const checksum = isSealed ? 'yes' : 'no';
  return [family, checksum, files, rejected, right, foundByHealth, unseen, violations.length];
}

/** The runs of each family in one. */
function familiesOf(files: readonly FilesResult[]): FamilyResult[] {
  const all = files.flatMap(({ families }) => families);
  return [...new Set(all.map(({ family }) => family))].map((name) => {
    const own = all.filter(({ family }) => family === name);
    const total = (field: 'files' | 'rejected' | 'right' | 'foundByHealth' | 'unseen'): number =>
      sum(own.map((one) => one[field]));
    return {
      ...{ family: name, isSealed: own[0]?.isSealed === true, codes: {} },
      ...{ files: total('files'), rejected: total('rejected'), right: total('right') },
      ...{ foundByHealth: total('foundByHealth'), unseen: total('unseen') },
      violations: own.flatMap(({ violations }) => violations),
    };
  });
}

function filesSection(files: readonly FilesResult[]): string {
  if (files.length === 0) return 'Not run yet: `pnpm faults files --files 1000`.';
  const head = [
    ...['file', 'checksum', 'damaged', 'rejected', 'right'],
    ...['found by health', 'unseen', 'violations'],
  ];
  const each = (values: readonly (string | number)[]): string => [...new Set(values)].join(', ');
  const minutes = sum(files.map(({ durationMs }) => durationMs)) / 60_000;
  return `${markdownTable(head, familiesOf(files).map(familyRow))}

Seeds ${each(files.map(({ seed }) => seed))}; commits ${each(files.map(({ commit }) => commit))}; ${each(files.map(({ startedAt }) => startedAt.slice(0, 10)))}; ${minutes.toFixed(1)} minutes. *Rejected*: an error with a code, or a verdict that
names the damage. *Found by health*: other rows were answered, and \`tb health --full\` finds fault with the root. *Unseen*: other
rows, and no checksum covers those bytes.`;
}

function versions(): string {
  const db = new Database(':memory:');
  const sqlite = db.prepare('SELECT sqlite_version()').pluck().get();
  db.close();
  const duckdb = /"@duckdb\/node-api": (\S+)/.exec(readFileSync(catalog, 'utf8'))?.[1];
  return `SQLite ${sqlite}, DuckDB ${duckdb}, ${process.platform} ${process.arch}`;
}

/** The text of docs/crash-points.md. */
export function crashPointsText(
  results: readonly ScenarioResult[],
  files: readonly FilesResult[],
  limits: readonly SavedLimits[],
): string {
  const names = [...new Set(results.map(({ scenario }) => scenario))].sort();
  const runs = (name: string): ScenarioResult[] =>
    results.filter(({ scenario }) => scenario === name);
  const counts = names.map((name) => countsOf(name, runs(name)));
  const total = (field: 'faults' | 'compound' | 'deaths' | 'cuts' | 'violations'): number =>
    sum(counts.map((one) => one[field]));
  const families = familiesOf(files);
  const damaged = sum(families.map((one) => one.files));
  const open =
    total('violations') +
    sum(families.map((one) => one.violations.length)) +
    sum(limits.map(({ violations }) => violations.length));
  const limited = sum(limits.map(({ ends }) => Object.keys(ends).length));
  const whole = sum(counts.map((one) => FAULT_MODES.filter((mode) => one.whole.has(mode)).length));
  const deep = sum(results.map(({ faults }) => faults.deep));
  const unfired = sum(results.map(({ faults }) => faults.unfired.length));
  const all: Counts = {
    ...{
      scenario: '**all**',
      calls: sum(counts.map(({ calls }) => calls)),
      faults: total('faults'),
    },
    modes: MODES.map((_, i) => sum(counts.map(({ modes }) => modes[i] ?? 0))),
    whole: new Set(),
    ...{ compound: total('compound'), deaths: total('deaths'), cuts: total('cuts') },
    violations: total('violations'),
  };
  const line = (one: Counts): (string | number)[] => [
    one.scenario,
    one.calls,
    ...one.modes.map((count, i) => (one.whole.has(MODES[i] as FaultMode) ? `*${count}*` : count)),
    one.faults,
    one.compound,
    one.deaths,
    one.cuts,
    one.violations,
  ];
  return `# Crash points

Written by \`pnpm faults crash-points\` from the runs of \`pnpm faults\`; do not edit. What each column means, which invariants are
checked, and what is not proven: [durability.md](durability.md).

${figure(total('faults'))} faults, ${figure(total('compound'))} compound faults (${figure(deep)} of three in a row), ${figure(total('deaths'))} rebuilt deaths, ${figure(total('cuts'))} power-cut states, ${figure(damaged)} damaged files, ${figure(limited)} runs with too
little disk, memory or descriptors: **${open} violations**.
Points that did not fire: ${unfired}. ${versions()}.

In italics: every call that the mode can disturb was tried, in one run or in pieces of the same commit. That holds for
${whole} of ${counts.length * FAULT_MODES.length} pairs of scenario and mode, the jumps of the clock aside; the others are samples.

${markdownTable(['scenario', 'calls', ...MODES, 'faults', 'compound', 'deaths', 'power cuts', 'violations'], [...counts, all].map(line))}

## Damaged files

${filesSection(files)}

## Limits

${limitsSection(limits)}

## Runs

${markdownTable(
  ['scenario', 'commands', 'every call', 'seeds', 'commits', 'dates', 'minutes', 'Node'],
  names.map((name) => {
    const own = runs(name);
    const each = (values: readonly (string | number)[]): string => [...new Set(values)].join(', ');
    return [
      name,
      own[0]?.commands.map((command) => `\`tb ${command}\``).join(', ') || 'library',
      describeCoverage(wholeModes(own)),
      each(own.map(({ faults }) => faults.seed)),
      each(own.map(({ commit }) => commit)),
      each(own.map(({ startedAt }) => startedAt.slice(0, 10))),
      (sum(own.map(({ durationMs }) => durationMs)) / 60_000).toFixed(1),
      each(own.map(({ node }) => node)),
    ];
  }),
)}

## Open violations

${openViolations(results, files, limits)}

## Found and mended

Each is a test that failed before.

${markdownTable(
  ['test', 'found'],
  MENDED.map(({ test, file, found }) => [`\`${test}\` in \`${file}\``, found]),
)}
`;
}

/** Writes docs/crash-points.md; returns its path. */
export function writeCrashPoints(
  results: readonly ScenarioResult[],
  files: readonly FilesResult[],
  limits: readonly SavedLimits[],
): string {
  writeFileSync(target, crashPointsText(results, files, limits));
  return target;
}
