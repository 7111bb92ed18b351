import {
  buildDay,
  type CoverageRange,
  type GateResult,
  isFileUnusable,
  openBuildInstance,
  verifyFile,
} from '@tb/history';
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
  const memoryLimitMb = job.memoryLimitMb ?? memoryFor(snapshot);
  await using instance = await openBuildInstance({ memoryLimitMb });
  const { connection } = instance;
  const ticks = await attachTicks(connection, snapshot, job.tradingDate);
  const candles = await loadSupplied(connection, snapshot, job.tradingDate, ticks);
  const coverage = coverageOf(snapshot, session);
  const previous = job.expectedSymbols ?? (await previousSymbols(connection, layout, job));
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
    expectedSymbols: isFinding(previous) ? undefined : previous,
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
  const gates = isFinding(previous) ? [...result.gates, previous] : result.gates;
  return { ...result, gates, hasSupplied: candles !== undefined };
}

/**
 * Ticks are sorted by slices, so that their number does not matter. The 1m candles of the whole date stand in memory while they are
 * written, twice 10 to 20 KB a symbol. The process takes about 200 MB more.
 */
function memoryFor(snapshot: LiveSnapshot): number {
  return 256 + Math.ceil(snapshot.latest().size / 32);
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

/**
 * Symbols of the session before, from its published file; undefined when there is none. A damaged one is refused before it is
 * opened, and told: it keeps no other date back, unless its symbols are demanded.
 * @throws `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT` when a missing symbol would refuse the date
 */
async function previousSymbols(
  connection: Connection,
  layout: Layout,
  job: RolloverJob,
): Promise<readonly string[] | GateResult | undefined> {
  if (!job.previous) return undefined;
  try {
    await verifyFile(layout, job.previous);
  } catch (error) {
    return unreadable(job, error);
  }
  await connection.run(
    `ATTACH '${layout.absolute(job.previous.path).replaceAll("'", "''")}' AS previous (TYPE duckdb, READ_ONLY)`,
  );
  const rows = await connection.runAndReadAll(
    'SELECT symbol FROM previous.symbols ORDER BY symbol',
  );
  return rows.getRowObjects().map((row) => String(row['symbol']));
}

const SYMBOLS_GATE = 'symbols_present';

function unreadable({ exchange, tradingDate, explained }: RolloverJob, error: unknown): GateResult {
  const isDemanded = !explained.some(({ gate, symbol }) => gate === SYMBOLS_GATE && !symbol);
  const isDamaged = isFileUnusable(error);
  if (isDemanded || !isDamaged) throw error;
  return {
    gate: SYMBOLS_GATE,
    ok: false,
    severity: 'flag',
    subject: `${exchange} ${tradingDate}`,
    observed: error.message,
    expected: 'the symbols of the session before',
  };
}

function isFinding(one: readonly string[] | GateResult | undefined): one is GateResult {
  return one !== undefined && 'gate' in one;
}
