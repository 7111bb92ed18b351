import type { Session } from '@tb/calendar';
import type { MarketDataReader } from '@tb/schema';
import type { CandlePlan } from './candle-query.ts';
import type { QueryContext } from './context.ts';
import {
  type Extent,
  edgeGaps,
  feedGaps,
  type Stretch,
  sessionGaps,
  uncoveredStretches,
} from './gap.ts';
import type { Gap } from './gap-record.ts';
import { maxOf, minOf, type Span } from './range.ts';
import { CANDLE_VALUES, codedSql, type Piece, pieceOf, scanSql } from './scan-sql.ts';
import { storedNames } from './scope.ts';
import { labelOfDays } from './trading-days.ts';

export interface FoundGaps {
  readonly gaps: readonly Gap[];
  /** Sessions whose candles are expected: with data, or missing for certain. */
  readonly expectedSessions: readonly Session[];
}

/** Everything expected in the range of a candle query that is not there. */
export async function findCandleGaps(context: QueryContext, plan: CandlePlan): Promise<FoundGaps> {
  const { scope, calendar, sources, scan, timeframe } = plan;
  const extent = await extentOf(context.reader, plan);
  if (!extent || scan.from >= scan.to) return { gaps: [], expectedSessions: [] };
  const isDays = timeframe.unit === 'day';
  const span = isDays ? scan : scope.span;
  const found = sessionGaps(calendar, span, extent, sources.dates);
  const isWanted = (session: Session): boolean =>
    !isDays || isIn(labelOfDays(calendar, session, timeframe.count), scope.span);
  const sessions = found.sessions.filter(isWanted);
  const edges = edgeGaps(calendar, scope.span, extent, scope.now);
  if (found.gaps.length === 0 && sources.snapshot.coverage.length === 0)
    return { gaps: edges, expectedSessions: sessions };
  const wanted = new Set(sessions.map((session) => session.tradingDate));
  const missing = found.gaps.filter((gap) => wanted.has(gap.tradingDate));
  const uncertain = new Set(
    missing.filter((gap) => gap.certainty === 'unknown').map((gap) => gap.tradingDate),
  );
  const absent = new Set(missing.map((gap) => gap.tradingDate));
  const present = sessions.filter((session) => !absent.has(session.tradingDate));
  const stretches = uncoveredStretches(sources.snapshot, present, span, scope.now);
  const feed = stretches.length > 0 ? await feedGapsOf(context, plan, stretches) : [];
  const gaps = [...missing, ...feed, ...edges];
  gaps.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  return {
    gaps,
    expectedSessions: sessions.filter((session) => !uncertain.has(session.tradingDate)),
  };
}

function isIn(ts: bigint, span: Span): boolean {
  return ts >= span.from && ts < span.to;
}

/**
 * First and last trading date with data of the exchange, in files of the timeframe or in 1m. As of a time, what came
 * later does not count: the last is then the last seen.
 */
async function extentOf(reader: MarketDataReader, plan: CandlePlan): Promise<Extent | undefined> {
  const { scope, base, sources } = plan;
  const { dates } = sources;
  const found: Extent[] = [];
  for (const timeframe of new Set([base, '1m'] as const)) {
    const extent = await reader.extent(scope.exchange, 'candles', timeframe);
    if (extent) found.push(extent);
  }
  const firsts = [...found.map((extent) => extent.first), ...dates.slice(0, 1)].sort();
  const lasts = [
    ...(scope.asOf === undefined ? found.map((extent) => extent.last) : []),
    ...dates.slice(-1),
  ].sort();
  const [first, last] = [firsts[0], lasts.at(-1)];
  return first === undefined || last === undefined ? undefined : { first, last };
}

/** Minutes of the stretches without a 1m candle: they are looked up in 1m, whatever the timeframe asked for. */
async function feedGapsOf(
  context: QueryContext,
  plan: CandlePlan,
  stretches: readonly Stretch[],
): Promise<Gap[]> {
  const names = plan.scope.symbols;
  const present = await presentMinutes(context, plan, stretches);
  if (!names) {
    const any = new Set<bigint>();
    for (const minutes of present.values()) for (const ts of minutes) any.add(ts);
    return stretches.flatMap((stretch) => feedGaps(stretch, any, undefined));
  }
  return names.flatMap((symbol, code) =>
    stretches.flatMap((stretch) => feedGaps(stretch, present.get(code) ?? new Set(), symbol)),
  );
}

async function presentMinutes(
  context: QueryContext,
  plan: CandlePlan,
  stretches: readonly Stretch[],
): Promise<Map<number, Set<bigint>>> {
  const { scope, sql } = plan;
  const from = stretches.reduce((least, s) => minOf(least, s.from), stretches[0]!.from);
  const to = stretches.reduce((most, s) => maxOf(most, s.to), stretches[0]!.to);
  const { exchange, asOf, signal } = scope;
  const request = { exchange, kind: 'candles', timeframe: '1m', from, to } as const;
  await using snapshot = await context.reader.snapshot({
    ...request,
    symbols: storedNames(scope),
    asOf,
    signal,
  });
  const pieces = snapshot.sources.map((s): Piece => ({ ...pieceOf(s, []), spans: stretches }));
  const rows = scanSql(pieces, { from, to }, sql.sids, CANDLE_VALUES);
  const coded = codedSql(rows, sql.table, [], []);
  const minutes = new Map<number, Set<bigint>>();
  for await (const chunk of snapshot.stream(`SELECT t, code FROM (${coded})`, [], signal)) {
    const [ts, code] = chunk.columns as readonly [BigInt64Array, Int32Array];
    for (let i = 0; i < chunk.rows; i++) {
      const known = minutes.get(code[i]!);
      if (known) known.add(ts[i]!);
      else minutes.set(code[i]!, new Set([ts[i]!]));
    }
  }
  return minutes;
}
