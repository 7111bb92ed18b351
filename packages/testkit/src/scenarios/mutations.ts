import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFaulted } from '../fault-run.ts';
import { filesOf } from '../litter.ts';
import { type MutationResult, type MutationTarget, runMutations } from '../mutation-campaign.ts';
import type { Scenario } from '../scenario.ts';
import { openStage, resetWork } from '../trial.ts';
import { judgeProcess } from '../verdict.ts';
import { openNs } from './feed.ts';
import { dataRoot } from './tb.ts';

const script = fileURLToPath(new URL('./children/judge-root.mjs', import.meta.url));

/** Each file may be replaced by another of its kind. */
function targetsOf(root: string, pattern: RegExp): MutationTarget[] {
  const paths = filesOf(root).filter((path) => pattern.test(path));
  return paths.map((path, i) => ({
    path,
    donors: { other: readFileSync(join(root, paths[(i + 1) % paths.length] as string)) },
  }));
}

/**
 * Damages files of a root that a scenario completed, and reads it through the packages: every tick and candle, in a
 * child process.
 *
 * @param pattern Paths of the files to damage, relative to the scenario's folder.
 */
export async function mutateCompleted(
  scenario: Scenario,
  pattern: RegExp,
  options: { readonly seed: number; readonly count: number },
): Promise<MutationResult> {
  using stage = await openStage(scenario);
  const { work } = stage;
  resetWork(stage);
  await runFaulted(scenario.command(work), { root: work, point: { mode: 'none', at: 0, seed: 0 } });
  await using judge = judgeProcess([process.execPath, script]);
  const question = {
    root: dataRoot(work),
    exchange: 'nse',
    from: String(openNs(-1)),
    to: String(openNs(3)),
  };
  // `await`: the judge ends with this block.
  return await runMutations({
    root: work,
    targets: targetsOf(work, pattern),
    judge,
    question,
    ...options,
  });
}
