import { type MarketDataSnapshot, parseTimeframe } from '@tb/schema';
import type { AsofEvents, AsofRequest } from './asof.ts';
import { candleFacts, planCandles } from './candle-query.ts';
import { candleSql } from './candle-sql.ts';
import type { QueryContext } from './context.ts';
import { QueryError } from './errors.ts';
import { isoOf, MINUTE_NS, type Span } from './range.ts';
import type { ResultFacts } from './result.ts';
import { oneOf } from './scope.ts';
import { planTicks, type TickPlan, tickFacts, tickRowsSql } from './tick-query.ts';

/** Events in one statement: their times stand in its text. */
const EVENTS_A_STATEMENT = 10_000;

type Asked = AsofRequest & { readonly onGap: 'error' | 'report' };

/** Both sides of a join as SELECTs, over one manifest version. */
export interface AsofSides extends AsyncDisposable {
  readonly facts: ResultFacts;
  /** Runs the statements. */
  readonly snapshot: MarketDataSnapshot;
  /** SELECTs of `code, at_ns, idx, seq, price, volume`, ascending; joined one after the other. */
  readonly lefts: readonly string[];
  /** SELECT of `code, at_ns, seq, r_ts, r_price, r_volume, r_bid, r_ask`. */
  readonly right: string;
}

interface Side extends AsyncDisposable {
  readonly facts: ResultFacts;
  readonly snapshot: MarketDataSnapshot;
  readonly sql: string;
}

/**
 * @param span Of the left rows. @param reach Of the right rows.
 * @returns undefined when a publication came between the snapshots of the two sides.
 */
export async function openSides(
  context: QueryContext,
  request: Asked,
  span: Span,
  reach: Span,
): Promise<AsofSides | undefined> {
  const right = await openRight(context, request, reach);
  const { facts, snapshot } = right;
  let left: TickPlan | undefined;
  let isKept = false;
  const close = async (): Promise<void> => {
    try {
      await left?.snapshot[Symbol.asyncDispose]();
    } finally {
      await right[Symbol.asyncDispose]();
    }
  };
  try {
    const events = request.left;
    if (typeof events === 'object') {
      const lefts = eventSelects(events, facts.symbols, span);
      isKept = true;
      return { facts, snapshot, lefts, right: right.sql, [Symbol.asyncDispose]: close };
    }
    left = await planTicks(context, { ...withoutSides(request), ...span });
    const { manifestVersion } = left.snapshot.watermark;
    if (manifestVersion !== snapshot.watermark.manifestVersion) return undefined;
    const rows = `SELECT code, t AS at_ns, -1 AS idx, seq, price, volume FROM (${tickRowsSql(left, span)}) WHERE ${conditionOf(oneOf('left', events, ['trades', 'ticks']))}`;
    isKept = true;
    return {
      facts,
      snapshot: left.snapshot,
      lefts: [rows],
      right: right.sql,
      [Symbol.asyncDispose]: close,
    };
  } finally {
    if (!isKept) await close();
  }
}
async function openRight(context: QueryContext, request: Asked, reach: Span): Promise<Side> {
  const { right } = request;
  return typeof right === 'object'
    ? rightCandles(context, request, right.candles, reach)
    : rightTicks(context, request, oneOf('right', right, ['quotes', 'trades', 'ticks']), reach);
}

async function rightTicks(
  context: QueryContext,
  request: Asked,
  kind: TickKind,
  reach: Span,
): Promise<Side> {
  const plan = await planTicks(context, { ...withoutSides(request), ...reach });
  const { snapshot } = plan;
  const close = async (): Promise<void> => snapshot[Symbol.asyncDispose]();
  try {
    const facts = await tickFacts(context, plan, request.onGap);
    const sql = `SELECT code, t AS at_ns, seq, t AS r_ts, price AS r_price, volume AS r_volume, bid AS r_bid, ask AS r_ask FROM (${tickRowsSql(plan, reach)}) WHERE ${conditionOf(kind)}`;
    return { facts, snapshot, sql, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Candles at their END, so that those of `reach` began one width earlier. */
async function rightCandles(
  context: QueryContext,
  request: Asked,
  text: string,
  reach: Span,
): Promise<Side> {
  const timeframe = parseTimeframe(text);
  if (timeframe.unit === 'day')
    throw new QueryError('BAD_REQUEST', `right.candles is ${text}, expected minutes or hours`);
  const width = BigInt(timeframe.count) * MINUTE_NS;
  const starts = { from: reach.from - width, to: reach.to };
  const plan = await planCandles(context, { ...withoutSides(request), ...starts, timeframe: text });
  const close = async (): Promise<void> => plan.sources[Symbol.asyncDispose]();
  try {
    const { facts } = await candleFacts(context, plan, request.onGap);
    const rows = candleSql(plan.sql, plan.scan, 'ordered');
    const sql = `SELECT code, t + ${width} AS at_ns, 0 AS seq, t AS r_ts, close AS r_price, volume AS r_volume, NULL::DOUBLE AS r_bid, NULL::DOUBLE AS r_ask FROM (${rows})`;
    return { facts, snapshot: plan.sources.snapshot, sql, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function withoutSides(request: Asked): Omit<Asked, 'left' | 'right' | 'onGap'> {
  const { left: _left, right: _right, onGap: _onGap, ...scope } = request;
  return scope;
}

type TickKind = 'quotes' | 'trades' | 'ticks';

function conditionOf(kind: TickKind): string {
  if (kind === 'quotes') return 'bid IS NOT NULL AND ask IS NOT NULL';
  return kind === 'trades' ? 'volume > 0' : 'true';
}

function eventSelects(events: AsofEvents, symbols: readonly string[], span: Span): string[] {
  const codes = new Map(symbols.map((symbol, code) => [symbol, code]));
  if (events.symbol.length !== events.ts.length)
    throw new QueryError(
      'BAD_REQUEST',
      `Events have ${events.symbol.length} symbols and ${events.ts.length} times`,
    );
  const rows = events.symbol.map((symbol, index) => {
    const [code, ts] = [codes.get(symbol), events.ts[index]!];
    if (code === undefined)
      throw new QueryError('BAD_REQUEST', `Event ${index} is of a symbol that was not asked for`);
    if (ts < span.from || ts >= span.to)
      throw new QueryError('BAD_REQUEST', `Event ${index} at ${isoOf(ts)} lies outside [from, to)`);
    return { code, ts, index };
  });
  rows.sort((a, b) =>
    a.ts !== b.ts ? (a.ts < b.ts ? -1 : 1) : a.code - b.code || a.index - b.index,
  );
  const selects: string[] = [];
  for (let at = 0; at < rows.length; at += EVENTS_A_STATEMENT) {
    const part = rows.slice(at, at + EVENTS_A_STATEMENT);
    const list = part.map(({ code, ts, index }) => `(${code}, ${ts}::BIGINT, ${index})`).join(', ');
    selects.push(
      `SELECT code, at_ns, idx, 0::BIGINT AS seq, NULL::DOUBLE AS price, NULL::DOUBLE AS volume FROM (VALUES ${list}) e(code, at_ns, idx)`,
    );
  }
  return selects;
}
