import { DISK_LIMITS, type Limit, MEMORY_LIMITS } from './limit.ts';
import { markdownTable } from './markdown-table.ts';
import type { SavedLimits } from './results.ts';

/** `0`, `3`, `ABRT`: the exit code or the signal, of what `describeEnd` wrote. */
function codeOf(end: string | undefined): string {
  if (end === undefined) return '';
  return /^exit (\d+)/.exec(end)?.[1] ?? /^SIG(\w+)/.exec(end)?.[1] ?? end;
}

function tableOf(limits: readonly Limit[], results: readonly SavedLimits[]): string {
  const rows = limits.map(({ name }) => [name, ...results.map(({ ends }) => codeOf(ends[name]))]);
  return markdownTable(['limit', ...results.map(({ scenario }) => scenario)], rows);
}

/** The part of docs/crash-points.md about what runs out. @param results The latest run of each scenario. */
export function limitsSection(results: readonly SavedLimits[]): string {
  if (results.length === 0) return 'Not run yet: `pnpm faults limits`.';
  const each = (values: readonly string[]): string => [...new Set(values)].join(', ');
  const minutes = results.reduce((sum, { durationMs }) => sum + durationMs, 0) / 60_000;
  return `How a command ends while something is short; then the limit is lifted, and the same command must complete. Exit 0: it had
enough. 3, 4, 75: an error with its code. 1: Node could not load the modules, which it opens side by side. A signal: the end of the
process below our code; the invariants hold, and the rerun completes.

${tableOf(DISK_LIMITS, results)}

Memory that a process may write to (RLIMIT_DATA), and the heap of V8 alone. The system's out-of-memory killer sends SIGKILL: that is
the modes \`kill\` and \`kill-all\`.

${tableOf(MEMORY_LIMITS, results)}

Commits ${each(results.map(({ commit }) => commit))}; ${each(results.map(({ startedAt }) => startedAt.slice(0, 10)))}; ${minutes.toFixed(1)} minutes.`;
}

/** Each with the limit under which it was found. */
export function limitViolations(results: readonly SavedLimits[]): string[] {
  return results.flatMap(({ scenario, violations }) =>
    violations.map(
      ({ limit, problem }) =>
        `- ${scenario}, ${limit} (\`pnpm faults limits ${scenario}\`): ${problem}`,
    ),
  );
}
