import { isRunnerDead, type RunRecord } from '@tb/backtest';
import { entriesOf } from '../databases.ts';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';
import { checkRecordedFiles } from '../recorded-file.ts';
import { listRuns } from '../run-records.ts';

/** The index of backtests against the run files: finished runs have theirs, none is `running` without its process. */
export const runs: Check = {
  name: 'runs',
  run: async (context) => {
    const { layout, databases } = context;
    const index = databases.find('index');
    if (!index) return [];
    // The folder first: a run that starts in between is in the index.
    const names = await entriesOf(layout.runsDir);
    const records = await listRuns(index);
    const findings: Observation[] = [
      ...records.flatMap(ofRunner),
      ...(await ofFiles(context, records)),
      ...ofNames(names, records),
    ];
    return findings.length > 0 ? findings : [ok('backtest', records.length)];
  },
};

function ofRunner(run: RunRecord): readonly Observation[] {
  if (run.state !== 'running' || !run.runner || !isRunnerDead(run.runner)) return [];
  const hint = 'The next `tb backtest run` marks it as failed and removes its file.';
  return [warn(run.runId, `running by pid ${run.runner.pid}, which is gone`, 'alive', hint)];
}

async function ofFiles(
  context: Parameters<Check['run']>[0],
  records: readonly RunRecord[],
): Promise<readonly Observation[]> {
  return await checkRecordedFiles(
    context,
    records.flatMap((run) =>
      run.state === 'done' && run.sha256 !== undefined
        ? [
            {
              subject: run.runId,
              path: context.layout.absolute(run.path),
              sizeBytes: run.sizeBytes,
              sha256: run.sha256,
            },
          ]
        : [],
    ),
    'Restore the file from a copy, or make the run again: its fingerprint says from which data.',
    'only-full',
  );
}

function ofNames(names: readonly string[], records: readonly RunRecord[]): readonly Observation[] {
  const known = new Set(records.map((run) => run.runId));
  return names
    .filter((name) => /^run_.*\.duckdb$/.test(name) && !known.has(name.slice(0, -'.duckdb'.length)))
    .map((name) =>
      warn(`backtest/runs/${name}`, 'not in the index', 'listed', 'Move it to quarantine/.'),
    );
}
