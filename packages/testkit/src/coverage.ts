import { FAULT_MODES, type FaultMode } from './fault-mode.ts';
import type { ScenarioResult } from './results.ts';

/** Calls of one mode that were disturbed one after the other, none left out. */
export interface Stretch {
  readonly mode: FaultMode;
  readonly from: number;
  /** The last call that was disturbed; less than `from` when there was none. */
  readonly to: number;
  /** Beyond `to` the command completed undisturbed: the mode can disturb no later call. */
  readonly isEnd: boolean;
}

/** Runs of the same code: pieces of two versions are not one whole. */
function versionOf({ commit, startedAt }: ScenarioResult): string {
  return commit.endsWith('+') ? `${commit} ${startedAt}` : commit;
}

/** Do the pieces, put together, reach from the first call to the last? */
function isWhole(pieces: readonly Stretch[]): boolean {
  let reach = 0;
  for (const { from, to, isEnd } of [...pieces].sort((a, b) => a.from - b.from)) {
    if (from > reach + 1) return false;
    if (isEnd) return true;
    reach = Math.max(reach, to);
  }
  return false;
}

/** The modes of which every call was disturbed, in one run or in several of the same commit. */
export function wholeModes(results: readonly ScenarioResult[]): Set<FaultMode> {
  const pieces = new Map<string, Stretch[]>();
  for (const result of results)
    for (const stretch of result.faults.tried) {
      const key = `${stretch.mode} ${versionOf(result)}`;
      pieces.set(key, [...(pieces.get(key) ?? []), stretch]);
    }
  const whole = [...pieces.values()].filter(isWhole);
  return new Set(whole.map(([first]) => (first as Stretch).mode));
}

/** `yes`, or the modes of which every call was disturbed, or `sample`. */
export function describeCoverage(whole: ReadonlySet<FaultMode>): string {
  if (FAULT_MODES.every((mode) => whole.has(mode))) return 'yes';
  return whole.size === 0 ? 'sample' : [...whole].join(', ');
}
