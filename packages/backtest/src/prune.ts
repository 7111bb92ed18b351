import type { Layout } from '@tb/schema';
import { removeRunFiles } from './run-folder.ts';
import type { RunIndex, RunRecord } from './run-index.ts';

export interface PrunePolicy {
  /** The newest so many are kept. Default 100. */
  readonly keepRuns?: number | undefined;
  /** Whatever started later than this ago is kept. Default 30 days. */
  readonly keepMs?: number | undefined;
}

const THIRTY_DAYS_MS = 30 * 86_400_000;

/**
 * The runs to prune: neither among the newest 100 nor of the last 30 days, so whichever of the two is more is kept. A
 * running run is never among them, and does not count. Pure.
 *
 * @param now ns UTC.
 */
export function selectPrunable(
  runs: readonly RunRecord[],
  now: bigint,
  policy: PrunePolicy = {},
): readonly RunRecord[] {
  const { keepRuns = 100, keepMs = THIRTY_DAYS_MS } = policy;
  if (!(keepRuns >= 0 && keepMs >= 0))
    throw new RangeError(`Keep ${keepRuns} runs and ${keepMs} ms: both are from 0`);
  const oldest = now - BigInt(Math.floor(keepMs)) * 1_000_000n;
  return runs
    .filter((run) => run.state !== 'running')
    .sort(newestFirst)
    .slice(keepRuns)
    .filter((run) => run.startedAt < oldest);
}

/**
 * Removes runs: each file, then its row, so that a kill in between leaves a row that the next prune completes, never a
 * file that nobody lists.
 * @returns The ids that are gone.
 * @throws `RUN_FOLDER_FAILED`
 */
export async function pruneRuns(
  layout: Layout,
  index: RunIndex,
  runs: readonly RunRecord[],
): Promise<readonly string[]> {
  const removed: string[] = [];
  for (const run of runs) {
    await removeRunFiles(layout, [`${run.runId}.duckdb`]);
    if (await index.remove(run.runId)) removed.push(run.runId);
  }
  return removed;
}

function newestFirst(a: RunRecord, b: RunRecord): number {
  if (a.startedAt !== b.startedAt) return a.startedAt > b.startedAt ? -1 : 1;
  return a.runId > b.runId ? -1 : 1;
}
