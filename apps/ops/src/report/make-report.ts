import type { Layout } from '@tb/schema';
import { assertInitialised } from '../assert-initialised.ts';
import { listAllBackups } from '../backup/list-backups.ts';
import { readProofs } from '../backup/proofs.ts';
import { checkHealth } from '../health/check-health.ts';
import { openDatabases } from '../health/databases.ts';
import type { HealthStatus } from '../health/finding.ts';
import { listRuns } from '../health/run-records.ts';
import { renderReport } from './render-report.ts';
import { readFacts } from './report-facts.ts';

export interface ReportOptions {
  /** Sessions in the coverage calendar, the newest. Default 60. */
  readonly days?: number | undefined;
  /** Runs that are shown, the newest. Default 30. */
  readonly runs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The page, and its verdict. */
export interface MadeReport {
  readonly html: string;
  readonly verdict: HealthStatus;
  readonly exchanges: number;
  readonly runs: number;
}

/**
 * One page about a data root: findings of health, coverage by symbol and session, backups, runs with their equity curves.
 * Reads only.
 * @throws as `checkHealth`; `MANIFEST_CORRUPT`, `BACKUP_CORRUPT`
 */
export async function makeReport(layout: Layout, options: ReportOptions = {}): Promise<MadeReport> {
  await assertInitialised(layout);
  const { signal } = options;
  const madeAt = new Date().toISOString();
  const health = await checkHealth(layout, { signal });
  await using databases = await openDatabases(layout);
  const index = databases.find('index');
  const all = index ? await listRuns(index) : [];
  const runs = all.slice(0, options.runs ?? 30);
  const facts = await readFacts(
    {
      root: layout.root,
      days: options.days ?? 60,
      runs: runs.flatMap(({ runId, path, sha256, state }) =>
        state === 'done' && sha256 !== undefined ? [{ runId, path, sha256 }] : [],
      ),
    },
    signal,
  );
  const html = renderReport({
    root: layout.root,
    madeAt,
    health,
    facts,
    backups: await listAllBackups(layout),
    proofs: await readProofs(layout),
    runs,
    runCount: all.length,
  });
  const { verdict } = health;
  return { html, verdict, exchanges: facts.coverage.length, runs: runs.length };
}
