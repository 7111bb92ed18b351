import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FAULT_MODES } from './fault-mode.ts';
import type { ScenarioResult } from './results.ts';

const target = fileURLToPath(new URL('../../../docs/crash-points.md', import.meta.url));

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(head), row(head.map(() => '---')), ...rows].join('\n');

function violationsOf(result: ScenarioResult): string[] {
  const faults = result.faults.violations.map(
    ({ replay, call, problem }) => `- \`TB_FAULT=${replay}\` at ${call}: ${problem}`,
  );
  const cuts = (result.powerCuts?.violations ?? []).map(
    ({ model, after, problem }) =>
      `- ${result.scenario}, power cut (${model}, seed ${result.powerCuts?.seed}) after ${after} changes: ${problem}`,
  );
  const mutations = (result.mutations?.violations ?? []).map(
    ({ path, mutation, index, problem }) =>
      `- ${result.scenario}, ${mutation} of ${path} (seed ${result.mutations?.seed}, number ${index}): ${problem}`,
  );
  return [...faults, ...cuts, ...mutations];
}

function faultRow(result: ScenarioResult): string {
  const { faults, powerCuts, mutations } = result;
  const points = FAULT_MODES.map((mode) => faults.points[mode] ?? 0);
  return row([
    result.scenario,
    faults.operations,
    ...points,
    points.reduce((sum, count) => sum + count, 0),
    faults.compound,
    powerCuts?.states ?? 0,
    mutations?.files ?? 0,
    violationsOf(result).length,
  ]);
}

/** The text of docs/crash-points.md. */
export function crashPointsText(results: readonly ScenarioResult[]): string {
  const open = results.flatMap(violationsOf);
  const unfired = results.reduce((sum, { faults }) => sum + faults.unfired.length, 0);
  const total = (count: (result: ScenarioResult) => number): string =>
    results.reduce((sum, result) => sum + count(result), 0).toLocaleString('en');
  const points = total(({ faults }) =>
    Object.values(faults.points).reduce((sum, n) => sum + (n ?? 0), 0),
  );
  return `# Crash points

Written by \`pnpm faults crash-points\` from the runs of \`pnpm faults\`; do not edit. What each column means, and which
invariants are checked: [durability.md](durability.md).

${points} faults, ${total(({ faults }) => faults.compound)} compound faults, ${total(({ powerCuts }) => powerCuts?.states ?? 0)} power-cut states,
${total(({ mutations }) => mutations?.files ?? 0)} damaged files: **${open.length} violations**. Points that did not fire: ${unfired}.

${table(['scenario', 'calls', ...FAULT_MODES, 'faults', 'compound', 'power cuts', 'damaged files', 'violations'], results.map(faultRow))}

Each point: a fresh copy of the state before, the fault, the invariants, the same command again without a fault, and a
comparison of the content with that of an undisturbed run.

${table(
  ['scenario', 'commands', 'every call', 'seed', 'commit', 'date', 'minutes', 'Node'],
  results.map((result) =>
    row([
      result.scenario,
      result.commands.map((name) => `\`tb ${name}\``).join(', ') || 'library',
      result.exhaustive ? 'yes' : 'sample',
      result.faults.seed,
      result.commit,
      result.startedAt.slice(0, 10),
      (result.durationMs / 60_000).toFixed(1),
      result.node,
    ]),
  ),
)}

## Open violations

${open.length === 0 ? 'None.' : open.join('\n')}
`;
}

/** Writes docs/crash-points.md; returns its path. */
export function writeCrashPoints(results: readonly ScenarioResult[]): string {
  writeFileSync(target, crashPointsText(results));
  return target;
}
