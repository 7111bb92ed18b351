import { buildDay, type CoverageRange, openBuildInstance, verifyFile } from '@tb/history';
import { LiveReader, type LiveSnapshot } from '@tb/live';
import { Calendars } from '@tb/manager/calendars';
import { type Layout, layoutOf } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { publishedSymbols } from '../import/published-symbols.ts';
import { serveWorker } from '../worker/serve-worker.ts';
import { attachTicks, loadSupplied } from './live-relation.ts';
import { liveFingerprint, type RolloverBuild, type RolloverJob } from './rollover-job.ts';

/** What this worker needs of a connection: that of `openBuildInstance`. */
type Connection = Awaited<ReturnType<typeof openBuildInstance>>['connection'];

serveWorker(build);

/** Builds all files of a frozen date from what the live buffer holds of it. Publishes nothing. */
async function build(job: RolloverJob, step: (name: string) => void): Promise<RolloverBuild> {
  const layout = layoutOf(job.root);
  const calendar = new Calendars(layout).of(job.exchange);
  const session = calendar.sessionOf(job.tradingDate);
  if (!session)
    throw new OpsError(
      'NO_SESSION',
      `Exchange ${job.exchange} has no session on ${job.tradingDate}`,
    );
  using reader = LiveReader.open({ layout, exchange: job.exchange, candles: 'supplied' });
  const snapshot = reader.snapshot();
  assertFrozen(snapshot, job);
  await using instance = await openBuildInstance({ memoryLimitMb: job.memoryLimitMb });
  const { connection } = instance;
  const ticks = await attachTicks(connection, snapshot, job.tradingDate);
  const candles = await loadSupplied(connection, snapshot, job.tradingDate, ticks);
  const coverage = coverageOf(snapshot, session);
  const result = await buildDay(connection, {
    layout,
    session,
    calendar,
    revision: job.revision,
    source: { ticks, candles: candles === undefined ? {} : { '1m': candles } },
    symbols: publishedSymbols(layout, job.exchange),
    sourceFingerprint: liveFingerprint(
      job.exchange,
      job.tradingDate,
      job.frozenSeq ?? snapshot.seq,
    ),
    coverage,
    expectedSymbols: job.expectedSymbols ?? (await previousSymbols(connection, layout, job)),
    explained: [
      ...job.explained,
      ...(coverage === undefined
        ? [{ gate: 'minutes_present', reason: 'no feed recorded its coverage' }]
        : []),
    ],
    dryRun: job.dryRun,
    beside: await instance.connect(),
    onStep: (name, key) => step(key ? `${name} ${key.timeframe || key.kind}` : name),
  });
  return { ...result, hasSupplied: candles !== undefined };
}

/** The rows to build from must be the ones that were frozen: another writer may have taken late ones in since. */
function assertFrozen(snapshot: LiveSnapshot, job: RolloverJob): void {
  const day = snapshot.days.find((each) => each.tradingDate === job.tradingDate);
  if (job.dryRun && day && day.state !== 'cleared') return;
  if (day?.state !== 'frozen' || day.frozenSeq !== job.frozenSeq)
    throw new OpsError(
      'FREEZE_MOVED',
      `${job.exchange} ${job.tradingDate} is ${day?.state ?? 'not in the live buffer'} at seq ${day?.frozenSeq ?? 'none'}, expected frozen at ${job.frozenSeq}`,
    );
}

/** What feeds recorded inside the window of a session; undefined when none did. */
function coverageOf(
  snapshot: LiveSnapshot,
  session: { readonly windowFrom: bigint; readonly windowTo: bigint },
): CoverageRange[] | undefined {
  const inside = snapshot.coverage.filter(
    (each) => each.to > session.windowFrom && each.from < session.windowTo,
  );
  return inside.length === 0
    ? undefined
    : inside.map(({ source, from, to }) => ({ source, from, to }));
}

/** Symbols of the session before, from its published file; undefined when there is none. A damaged one is refused before it is opened. */
async function previousSymbols(
  connection: Connection,
  layout: Layout,
  job: RolloverJob,
): Promise<readonly string[] | undefined> {
  if (!job.previous) return undefined;
  await verifyFile(layout, job.previous);
  await connection.run(
    `ATTACH '${layout.absolute(job.previous.path).replaceAll("'", "''")}' AS previous (TYPE duckdb, READ_ONLY)`,
  );
  const rows = await connection.runAndReadAll(
    'SELECT symbol FROM previous.symbols ORDER BY symbol',
  );
  return rows.getRowObjects().map((row) => String(row['symbol']));
}
