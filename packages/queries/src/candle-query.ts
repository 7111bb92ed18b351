import type { Session, SessionCalendar } from '@tb/calendar';
import {
  isStoredTimeframe,
  parseTimeframe,
  type StoredTimeframe,
  type Timeframe,
} from '@tb/schema';
import { findCandleGaps } from './candle-gaps.ts';
import { CandleResult } from './candle-result.ts';
import { type CandleSources, openCandleSources } from './candle-sources.ts';
import { type CandleSqlPlan, candleSql } from './candle-sql.ts';
import { type FillPlan, streamCandles, volumeSum } from './candle-stream.ts';
import type { QueryContext } from './context.ts';
import { assertFresh } from './freshness.ts';
import { assertNoGap } from './gap.ts';
import { maxOf, minOf, type Span } from './range.ts';
import type { CandleRequest, OnGap } from './request.ts';
import { resolveSymbols, scannedSids } from './resolve-symbols.ts';
import { filesOf, type ResultFacts } from './result.ts';
import { textSql } from './scan-sql.ts';
import { oneOf, type Scope, scopeOf, storedNames } from './scope.ts';
import { slicesOf } from './slices.ts';
import { closedBefore, groupOf, scanSpan, wholeSessions } from './trading-days.ts';

/** A candle query after its checks, with its view open. */
export interface CandlePlan {
  readonly scope: Scope;
  readonly calendar: SessionCalendar;
  readonly timeframe: Timeframe;
  /** The stored timeframe that is read where it exists; 1m elsewhere. */
  readonly base: StoredTimeframe;
  readonly scan: Span;
  readonly sources: CandleSources;
  readonly sql: CandleSqlPlan;
}

const ON_GAP: readonly OnGap[] = ['error', 'report', 'null', 'fill'];

/** See `MarketDataQuery.candles`. */
export async function queryCandles(
  context: QueryContext,
  request: CandleRequest,
): Promise<CandleResult> {
  const onGap = oneOf('onGap', request.onGap ?? 'error', ON_GAP);
  const plan = await planCandles(context, request);
  try {
    return await candleResult(context, plan, onGap);
  } catch (error) {
    await plan.sources[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Opens the view and resolves symbols. The caller disposes `sources`.
 * @param options `last`: only the newest per symbol. `fromMinutes`: read 1m alone, whatever is stored.
 */
export async function planCandles(
  context: QueryContext,
  request: Omit<CandleRequest, 'onGap'>,
  options: { readonly last?: number; readonly fromMinutes?: boolean } = {},
): Promise<CandlePlan> {
  const timeframe = parseTimeframe(request.timeframe);
  const asked = await scopeOf(context, request);
  const calendar = context.calendarOf(asked.exchange);
  const scope = request.closedOnly ? closedScope(asked, calendar, timeframe) : asked;
  const scan = scanSpan(calendar, timeframe, scope.span);
  const base = options.fromMinutes ? '1m' : baseOf(timeframe);
  const sources = await openCandleSources(context.reader, calendar, {
    exchange: scope.exchange,
    timeframe: base,
    isResampled: options.fromMinutes === true || timeframe.text !== '1m',
    scan: wholeSessions(calendar, scan),
    symbols: storedNames(scope),
    asOf: scope.asOf,
    signal: scope.signal,
  });
  try {
    assertFresh(scope, calendar, sources.snapshot);
    const pieces = [...sources.stored, ...sources.minute];
    const table = await resolveSymbols(context, scope, calendar, sources.snapshot, pieces, scan);
    const sids = scannedSids(scope, table);
    const { span } = scope;
    const sql = { calendar, sources, table, sids, timeframe, span, last: options.last };
    return { scope, calendar, timeframe, base, scan, sources, sql };
  } catch (error) {
    await sources[Symbol.asyncDispose]();
    throw error;
  }
}

/** Days of any count come from stored days; every other width from 1m, the one that all are derived from. */
function baseOf(timeframe: Timeframe): StoredTimeframe {
  if (timeframe.unit === 'day') return '1d';
  return isStoredTimeframe(timeframe.text) ? timeframe.text : '1m';
}

function closedScope(scope: Scope, calendar: SessionCalendar, timeframe: Timeframe): Scope {
  const to = minOf(scope.span.to, closedBefore(calendar, timeframe, scope.now));
  return {
    ...scope,
    span: { from: scope.span.from, to: maxOf(to, scope.span.from) },
  };
}

/** Facts and rows of an open plan. @throws `GAP` */
export async function candleResult(
  context: QueryContext,
  plan: CandlePlan,
  onGap: OnGap,
): Promise<CandleResult> {
  const { scope, sources, sql } = plan;
  const { facts, expectedSessions } = await candleFacts(context, plan, onGap);
  const fill: FillPlan | undefined =
    onGap === 'null' || onGap === 'fill'
      ? { mode: onGap, sessions: expectedSessions, now: scope.now }
      : undefined;
  const slices = candleSlices(plan, fill);
  const source = {
    facts,
    stream: () => streamCandles(sql, slices, fill, scope.signal),
    release: async () => sources[Symbol.asyncDispose](),
  };
  return new CandleResult(source, parquetOf(plan, fill));
}

/** @throws `GAP` */
export async function candleFacts(
  context: QueryContext,
  plan: CandlePlan,
  onGap: OnGap,
): Promise<{ readonly facts: ResultFacts; readonly expectedSessions: readonly Session[] }> {
  const { scope, sources, sql } = plan;
  const { gaps, expectedSessions } = await findCandleGaps(context, plan);
  if (onGap === 'error') assertNoGap(gaps, scope.exchange, scope.requireFullRange);
  const facts = {
    watermark: sources.snapshot.watermark,
    symbols: sql.table.symbols,
    gaps,
    missingDates: gaps.filter((gap) => gap.kind === 'session').map((gap) => gap.tradingDate),
    tradingDates: sources.dates,
    files: () => filesOf(sources.sources),
  };
  return { facts, expectedSessions };
}

function candleSlices(plan: CandlePlan, fill: FillPlan | undefined): Span[] {
  const { scope, calendar, timeframe, scan, sources, sql } = plan;
  if (sql.last !== undefined) return [scan];
  const symbols = sql.table.symbols.length;
  const dates = fill
    ? [...new Set([...sources.dates, ...fill.sessions.map((s) => s.tradingDate)])].sort()
    : sources.dates;
  const isGrouped = timeframe.unit === 'day' && timeframe.count > 1;
  return slicesOf({
    calendar,
    dates,
    pieces: [...sources.stored, ...sources.minute],
    scan,
    symbols: scope.symbols ? (sql.sids?.length ?? 0) : undefined,
    kind: 'candles',
    filledPerDate: fill ? symbols * expectedPerDate(timeframe) : 0,
    mayCut: (date) => !isGrouped || startsGroup(calendar, date, timeframe.count),
  });
}

function startsGroup(calendar: SessionCalendar, date: string, count: number): boolean {
  return calendar.previousSession(date).tradingDate < groupOf(date, count).from;
}

/** At most: a session of a whole day. */
function expectedPerDate(timeframe: Timeframe): number {
  return timeframe.unit === 'day' ? 1 : Math.ceil(1440 / timeframe.count);
}

function parquetOf(
  plan: CandlePlan,
  fill: FillPlan | undefined,
): ((path: string) => Promise<{ rows: number }>) | undefined {
  const { snapshot } = plan.sources;
  if (!snapshot.exportParquet) return undefined;
  const { scope, sql, scan } = plan;
  const filling = fill && { ...fill, carried: new Map<number, number>() };
  const filled = filling ? 'filled::UTINYINT' : '0::UTINYINT';
  return async (path) => {
    const rows = candleSql(sql, scan, await volumeSum(sql, scan, scope.signal), filling);
    const named = `SELECT ${symbolSql(sql.table.symbols)} AS symbol, make_timestamp_ns(t) AS ts, open, high, low, close, volume, ${filled} AS filled FROM (${rows}) ORDER BY t, code`;
    return snapshot.exportParquet!(named, path, scope.signal);
  };
}

/** The text of a row's symbol, by its code. */
export function symbolSql(symbols: readonly string[]): string {
  return `([${symbols.map(textSql).join(', ')}]::VARCHAR[])[code + 1]`;
}
