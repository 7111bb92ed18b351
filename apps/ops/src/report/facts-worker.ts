import { openRunFile } from '@tb/backtest';
import { FileVerifier, Manifest, openBuildInstance } from '@tb/history';
import { Calendars } from '@tb/manager/calendars';
import { layoutOf } from '@tb/schema';
import { serveWorker } from '../worker/serve-worker.ts';
import { coverageOf } from './coverage.ts';
import type { FactsJob, ReportFacts, RunCurve } from './report-facts.ts';

/** More points than a small chart has pixels. */
const CURVE_ROWS = 300;

serveWorker(async (job: FactsJob): Promise<ReportFacts> => {
  const layout = layoutOf(job.root);
  const curves: RunCurve[] = [];
  for (const run of job.runs) curves.push(await curveOf(layout.absolute(run.path), run));
  using manifest = Manifest.openReader(layout);
  await using instance = await openBuildInstance({ memoryLimitMb: 256 });
  const verifier = new FileVerifier({
    layout,
    findVerified: (path) => manifest.findVerified(path),
  });
  const tools = {
    layout,
    connection: instance.connection,
    verifier,
    calendars: new Calendars(layout),
  };
  const coverage = await coverageOf(manifest.snapshot(), job.days, tools);
  return { coverage, curves };
});

async function curveOf(path: string, run: FactsJob['runs'][number]): Promise<RunCurve> {
  const { runId, sha256 } = run;
  try {
    await using file = await openRunFile(path, { sha256 });
    const { ts, equity } = await file.equity(CURVE_ROWS);
    return { runId, ts, equity, problem: undefined };
  } catch (error) {
    const { name, code } = error as { name?: string; code?: string };
    if (name !== 'BacktestError' || code === undefined) throw error;
    return { runId, ts: new BigInt64Array(0), equity: new Float64Array(0), problem: code };
  }
}
