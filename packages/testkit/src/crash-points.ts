import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FAULT_MODES } from './fault-mode.ts';
import type { ScenarioResult } from './results.ts';
import { kindsOf } from './violation-kinds.ts';

const target = fileURLToPath(new URL('../../../docs/crash-points.md', import.meta.url));

const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(head), row(head.map(() => '---')), ...rows].join('\n');

/** Everything that a result has against the code, each with how to see it again. */
export function violationsOf(result: ScenarioResult): { problem: string; at: string }[] {
  const { scenario, faults, powerCuts, mutations } = result;
  return [
    ...faults.violations.map(({ replay, call, problem }) => ({
      problem,
      at: `\`TB_FAULT=${replay}\` (${call})`,
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

function openViolations(results: readonly ScenarioResult[]): string {
  const lines = results.flatMap((result) =>
    kindsOf(violationsOf(result)).map(
      ({ problem, count, first }) =>
        `- ${result.scenario}, ${count} times, first at ${first}: ${problem}`,
    ),
  );
  return lines.length === 0 ? 'None.' : lines.join('\n');
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

${openViolations(results)}
`;
}

/** Writes docs/crash-points.md; returns its path. */
export function writeCrashPoints(results: readonly ScenarioResult[]): string {
  writeFileSync(target, crashPointsText(results));
  return target;
}
