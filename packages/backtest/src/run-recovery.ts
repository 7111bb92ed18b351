import type { Layout } from '@tb/schema';
import { listRunFolder, removeRunFiles } from './run-folder.ts';
import type { RunIndex } from './run-index.ts';
import { isAbandoned, isRunnerDead } from './runner-process.ts';

const RUN_FILE = /^(\.tmp-)?(run_\d{8}_\d{6}_[0-9a-f]{4,16})\.duckdb(\.wal)?$/;

export interface Recovery {
  /** Runs that were `running` and whose runner is proven dead, or did not get to tell of their end: now `failed`. */
  readonly failedRuns: readonly string[];
  /** Names of files that were removed from the folder of runs. */
  readonly removedFiles: readonly string[];
}

/**
 * Completes what killed runners left: their runs become `failed`, and unfinished files go. Run it before a run, a sweep or
 * a prune; it may run at any time beside live runners. A whole file of a run that is not `done` goes too: its row never
 * told of it, and the run can be made again. Files of names that no run has, and everything that is not ours, stay.
 *
 * @throws `RUN_FOLDER_FAILED`
 * @param options `isDead` decides over a runner; default: pid and start time.
 */
export async function recoverDeadRuns(
  layout: Layout,
  index: RunIndex,
  options: {
    readonly now?: (() => bigint) | undefined;
    readonly isDead?: typeof isRunnerDead | undefined;
  } = {},
): Promise<Recovery> {
  const now = options.now ?? (() => BigInt(Date.now()) * 1_000_000n);
  const isDead = options.isDead ?? isRunnerDead;
  const failedRuns: string[] = [];
  for (const run of await index.list({ state: 'running' })) {
    if (!run.runner || !(isDead(run.runner) || isAbandoned(run.runId, run.runner))) continue;
    const error = `The runner, process ${run.runner.pid}, ended without a result`;
    if (await index.fail(run.runId, error, now())) failedRuns.push(run.runId);
  }
  return { failedRuns, removedFiles: await removeLitter(layout, index) };
}

async function removeLitter(layout: Layout, index: RunIndex): Promise<readonly string[]> {
  // The folder first, the index second: a run that starts in between is not seen, and not touched.
  const litter: string[] = [];
  for (const name of await listRunFolder(layout)) {
    const [, isTemporary, runId] = RUN_FILE.exec(name) ?? [];
    if (runId === undefined) continue;
    const state = (await index.find(runId))?.state;
    if (isTemporary === undefined ? state === 'failed' : state !== 'running') litter.push(name);
  }
  return removeRunFiles(layout, litter);
}
