import type { Session, SessionCalendar } from '@tb/calendar';
import type { Kind, StoredTimeframe } from '@tb/schema';
import { assertExchange, parseTimeframe } from '@tb/schema';
import { type CandlePlan, candleResult, planCandles } from './candle-query.ts';
import type { CandleResult } from './candle-result.ts';
import { candleSql } from './candle-sql.ts';
import type { QueryContext } from './context.ts';
import { type Span, toNs } from './range.ts';
import type { LastCandlesRequest, LastRequest, RangeRequest } from './request.ts';
import { countOf, oneOf } from './scope.ts';
import { planTicks, type TickPlan, tickResult, tickSql } from './tick-query.ts';
import type { TickResult } from './tick-result.ts';
import { tailResult, tailTicks } from './tick-tail.ts';
import { dateAfter } from './trading-days.ts';

const MAX_COUNT = 10_000_000;

/** See `MarketDataQuery.lastCandles`. */
export async function queryLastCandles(
  context: QueryContext,
  request: LastCandlesRequest,
): Promise<CandleResult> {
  const count = countOf('count', request.count, MAX_COUNT);
  const onGap = oneOf('onGap', request.onGap ?? 'report', ['error', 'report']);
  const timeframe = parseTimeframe(request.timeframe);
  const base: StoredTimeframe = timeframe.unit === 'day' ? '1d' : '1m';
  const ranges = await lookback(context, request, 'candles', [base, '1m'], (session) =>
    timeframe.unit === 'day'
      ? count * timeframe.count
      : Math.ceil((count * timeframe.count) / minutesOf(session)),
  );
  return widening<CandlePlan, CandleResult>(ranges, {
    open: (range) =>
      planCandles(
        context,
        {
          ...rangeRequest(request, range),
          timeframe: request.timeframe,
          closedOnly: request.closedOnly,
        },
        { last: count },
      ),
    isEnough: async (plan) => {
      const sql = candleSql(plan.sql, plan.scan, 'any');
      return hasCounts(
        plan.sources.snapshot.stream(countSql(sql), [], request.signal),
        plan.sql.table.legs,
        count,
      );
    },
    result: (plan) => candleResult(context, plan, onGap),
    close: (plan) => plan.sources[Symbol.asyncDispose](),
  });
}

/** See `MarketDataQuery.lastTicks`. */
export async function queryLastTicks(
  context: QueryContext,
  request: LastRequest,
): Promise<TickResult> {
  const count = countOf('count', request.count, MAX_COUNT);
  const onGap = oneOf('onGap', request.onGap ?? 'report', ['error', 'report']);
  const ranges = await lookback(context, request, 'ticks', [undefined], () => 1);
  const fromTail = async (plan: TickPlan): Promise<TickResult | undefined> =>
    request.before === undefined ? tailResult(context, plan, count, onGap) : undefined;
  return widening<TickPlan, TickResult>(ranges, {
    open: (range) => planTicks(context, rangeRequest(request, range), count),
    isEnough: async (plan) => {
      if (tailTicks(plan, count) && request.before === undefined) return true;
      const sql = countSql(tickSql(plan, plan.scope.span));
      return hasCounts(plan.snapshot.stream(sql, [], request.signal), plan.table.legs, count);
    },
    result: async (plan) => (await fromTail(plan)) ?? tickResult(context, plan, onGap),
    close: (plan) => plan.snapshot[Symbol.asyncDispose](),
  });
}

function rangeRequest(request: LastRequest, range: Span): RangeRequest {
  const {
    exchange,
    symbol,
    symbols,
    onUnknownSymbol,
    requireFresh,
    signal,
    adjust,
    symbolChanges,
  } = request;
  return {
    exchange,
    symbol,
    symbols,
    onUnknownSymbol,
    requireFresh,
    signal,
    adjust,
    symbolChanges,
    ...range,
  };
}

interface Widening<Plan, Result> {
  readonly open: (range: Span) => Promise<Plan>;
  /** Whether every symbol has its rows. */
  readonly isEnough: (plan: Plan) => Promise<boolean>;
  readonly result: (plan: Plan) => Promise<Result>;
  readonly close: (plan: Plan) => Promise<void> | PromiseLike<void>;
}

/** Takes one range after the other, until one is enough or the last. The result is read from one view: that of its range. */
async function widening<Plan, Result>(
  ranges: Iterable<{ readonly range: Span; readonly isLast: boolean }>,
  steps: Widening<Plan, Result>,
): Promise<Result> {
  for (const { range, isLast } of ranges) {
    const plan = await steps.open(range);
    let isKept = false;
    try {
      if (!isLast && !(await steps.isEnough(plan))) continue;
      const result = await steps.result(plan);
      isKept = true;
      return result;
    } finally {
      if (!isKept) await steps.close(plan);
    }
  }
  throw new Error('A lookback has no last range'); // a bug here: `lookback` always marks one
}

/** Ranges that end together and reach back over 1, 2, 4 ... times as many sessions, the last to the first data. */
async function lookback(
  context: QueryContext,
  request: LastRequest,
  kind: Kind,
  timeframes: readonly (StoredTimeframe | undefined)[],
  sessionsFor: (session: Session) => number,
): Promise<Iterable<{ readonly range: Span; readonly isLast: boolean }>> {
  assertExchange(request.exchange);
  const calendar = context.calendarOf(request.exchange);
  const dates: string[] = [];
  for (const timeframe of new Set(timeframes)) {
    const extent = await context.reader.extent(request.exchange, kind, timeframe);
    if (extent) dates.push(extent.first, extent.last);
  }
  dates.sort();
  const before = request.before === undefined ? undefined : toNs(request.before, 'before');
  const [first, last] = [dates[0], dates.at(-1)];
  if (first === undefined || last === undefined) {
    const at = before ?? context.now();
    return [{ range: { from: at, to: at }, isLast: true }];
  }
  const start = calendar.previousSession(first).windowTo;
  const newest = calendar.nextSession(last).windowFrom;
  const to = before !== undefined && before < newest ? before : newest;
  return to <= start
    ? [{ range: { from: to, to }, isLast: true }]
    : doubling(calendar, start, to, sessionsFor);
}

function* doubling(
  calendar: SessionCalendar,
  start: bigint,
  to: bigint,
  sessionsFor: (session: Session) => number,
): Generator<{ readonly range: Span; readonly isLast: boolean }> {
  let session = calendar.previousSession(dateAfter(calendar.localDateOf(to)));
  let sessions = sessionsFor(session);
  let taken = 0;
  for (;;) {
    for (; taken < sessions && session.windowFrom > start; taken++)
      session = calendar.previousSession(session.tradingDate);
    if (session.windowFrom <= start) break;
    yield { range: { from: session.windowFrom, to }, isLast: false };
    sessions *= 2;
  }
  yield { range: { from: start, to }, isLast: true };
}

function minutesOf(session: Session): number {
  return Number((session.close - session.open) / 60_000_000_000n);
}

function countSql(rows: string): string {
  return `SELECT code, count(*) AS n FROM (${rows}) GROUP BY code`;
}

async function hasCounts(
  chunks: AsyncIterable<{ readonly rows: number; readonly columns: readonly unknown[] }>,
  legs: readonly { readonly code: number }[],
  count: number,
): Promise<boolean> {
  const short = new Set(legs.map((leg) => leg.code));
  for await (const chunk of chunks) {
    const [codes, counts] = chunk.columns as readonly [Int32Array, BigInt64Array];
    for (let i = 0; i < chunk.rows; i++) if (counts[i]! >= BigInt(count)) short.delete(codes[i]!);
  }
  return short.size === 0;
}
