import type { Layout } from '@tb/schema';
import { BacktestError } from './errors.ts';
import { openRunFile, type RunFile } from './run-file.ts';
import type { RunIndex, RunRecord } from './run-index.ts';

/** @throws `RUN_UNKNOWN` */
export async function getRun(index: RunIndex, runId: string): Promise<RunRecord> {
  const run = await index.find(runId);
  if (run) return run;
  throw new BacktestError(
    'RUN_UNKNOWN',
    `Run ${JSON.stringify(runId.slice(0, 60))} is not in the index`,
  );
}

/**
 * The file of a run, checked against its row.
 * @throws `RUN_NOT_DONE`, `RUN_FILE_MISSING`, `RUN_FILE_CORRUPT`
 */
export async function openRun(layout: Layout, run: RunRecord): Promise<RunFile> {
  if (run.state !== 'done' || run.sha256 === undefined)
    throw new BacktestError(
      'RUN_NOT_DONE',
      `Run ${run.runId} is ${run.state}${run.error === undefined ? '' : `: ${run.error}`}`,
    );
  return openRunFile(layout.absolute(run.path), { sha256: run.sha256 });
}
