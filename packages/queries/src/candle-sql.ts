import type { Session, SessionCalendar } from '@tb/calendar';
import type { Timeframe } from '@tb/schema';
import type { CandleSources } from './candle-sources.ts';
import { presortedPieces } from './presorted.ts';
import { MINUTE_NS, maxOf, minOf, type Span } from './range.ts';
import { CANDLE_VALUES, codedSql, doubleSql, scanSql, symbolScanSql } from './scan-sql.ts';
import { isPlain, type SymbolTable } from './symbol-table.ts';
import { labelOfDays } from './trading-days.ts';

const PRICES: readonly string[] = ['open', 'high', 'low', 'close'];

/** Everything that decides the text of a candle statement, apart from its slice. */
export interface CandleSqlPlan {
  readonly calendar: SessionCalendar;
  readonly sources: CandleSources;
  readonly table: SymbolTable;
  /** Only these sids are scanned; undefined: all. */
  readonly sids: readonly number[] | undefined;
  readonly timeframe: Timeframe;
  /** STARTs wanted. */
  readonly span: Span;
  /** Newest candles per symbol; undefined: all. */
  readonly last: number | undefined;
}

/** How volumes are added: `any` order where they are whole numbers. */
export type VolumeSum = 'any' | 'ordered';

/** Rows to make up, and the close that each symbol had before the slice. */
export interface Filling {
  readonly mode: 'null' | 'fill';
  readonly sessions: readonly Session[];
  /** Only candles that ended by now are expected. */
  readonly now: bigint;
  readonly carried: ReadonlyMap<number, number>;
}

const ONE_DAY: Timeframe = { text: '1d', unit: 'day', count: 1 };

/**
 * One SELECT: `t, code, open, high, low, close, volume`, and `filled` when filling, ordered by (t, code).
 * @param slice Row times, whole candles.
 */
export function candleSql(
  plan: CandleSqlPlan,
  slice: Span,
  volumes: VolumeSum,
  filling?: Filling,
): string {
  const rows = candleRows(plan, slice, volumes);
  const complete = filling ? filledSql(rows, plan, slice, filling) : rows;
  const limit =
    plan.last === undefined
      ? ''
      : `\nQUALIFY row_number() OVER (PARTITION BY code ORDER BY t DESC) <= ${plan.last}`;
  return `SELECT * FROM (${complete})${limit}\nORDER BY t, code`;
}

function candleRows(plan: CandleSqlPlan, slice: Span, volumes: VolumeSum): string {
  const { timeframe, span } = plan;
  if (timeframe.unit === 'day' && timeframe.count > 1) return groupedDays(plan, slice, volumes);
  return unionOf({ ...plan, timeframe, span }, slice, volumes);
}

/** Stored candles and those derived from 1m, with START in `span`. */
function unionOf(plan: CandleSqlPlan, slice: Span, volumes: VolumeSum): string {
  const { sources, table, sids, timeframe, span } = plan;
  const parts: string[] = [];
  if (sources.stored.length > 0 || sources.minute.length === 0) {
    const inside = { from: maxOf(slice.from, span.from), to: minOf(slice.to, span.to) };
    parts.push(codedSql(scanSql(sources.stored, inside, sids, CANDLE_VALUES), table, PRICES, []));
  }
  if (sources.minute.length > 0) {
    const minutes = scanSql(sources.minute, slice, sids, CANDLE_VALUES, timeframe);
    const wanted = `SELECT * FROM (${minutes}) WHERE label >= ${span.from} AND label < ${span.to}`;
    parts.push(aggregated(codedSql(wanted, table, PRICES, ['label']), volumes));
  }
  return parts
    .map((part) => `SELECT t, code, ${CANDLE_VALUES.join(', ')} FROM (${part})`)
    .join('\nUNION ALL ');
}

/**
 * The rows of a slice as they lie, without ORDER BY, where that is known to be their order: stored candles of one symbol.
 * Columns as in `candleSql`.
 */
export function presortedSql(plan: CandleSqlPlan, slice: Span): string | undefined {
  const { sources, table, sids, timeframe, span } = plan;
  const isMinute = sources.minute.some((p) => p.minTs < slice.to && p.maxTs >= slice.from);
  const isGrouped = timeframe.unit === 'day' && timeframe.count > 1;
  if (isMinute || isGrouped || plan.last !== undefined) return undefined;
  const inside = { from: maxOf(slice.from, span.from), to: minOf(slice.to, span.to) };
  const pieces = presortedPieces(sources.stored, inside, table, sids);
  const leg = table.legs[0];
  return pieces && leg && symbolScanSql(pieces, inside, leg, CANDLE_VALUES);
}

/**
 * Sums of whole numbers are exact in any order. Fractions are added in the order of time, as the day files were: a sum
 * then has the same bits in every run, on every number of threads, before and after a rollover. The ordered sum takes
 * 4 times as long, so it is used where it is needed.
 */
function aggregated(rows: string, volumes: VolumeSum): string {
  const sum = volumes === 'ordered' ? 'sum(volume ORDER BY t)' : 'sum(volume)';
  return `SELECT label AS t, code, arg_min(open, t) AS open, max(high) AS high, min(low) AS low, arg_max(close, t) AS close, ${sum} AS volume
FROM (${rows}) GROUP BY label, code`;
}

/**
 * SELECT of one row, `n` (BIGINT): 1 when a volume of the 1m rows to resample is a fraction, or so large that a sum could pass
 * 2^53; else 0. undefined when nothing is resampled, or order is needed anyway.
 */
export function fractionSql(plan: CandleSqlPlan, slice: Span): string | undefined {
  if (plan.sources.minute.length === 0 || !isPlain(plan.table)) return undefined;
  const rows = scanSql(plan.sources.minute, slice, plan.sids, ['volume']);
  return `SELECT coalesce(bool_or(volume <> trunc(volume) OR volume >= ${2 ** 33}), false)::BIGINT AS n FROM (${rows})`;
}

/** Candles of several days from those of one day, each in the group of its session. */
function groupedDays(plan: CandleSqlPlan, slice: Span, volumes: VolumeSum): string {
  // By the dates that have data: a span of centuries has none to list.
  const sessions = plan.sources.dates.flatMap((date) => plan.calendar.sessionOf(date) ?? []);
  const labels = sessions
    .filter((session) => session.windowFrom < slice.to && session.windowTo > slice.from)
    .map(
      (session) =>
        `(${session.windowFrom}, ${labelOfDays(plan.calendar, session, plan.timeframe.count)})`,
    );
  const days = unionOf({ ...plan, timeframe: ONE_DAY, span: slice }, slice, volumes);
  if (labels.length === 0) return days;
  const grouped = `SELECT d.*, s.label FROM (${days}) d ASOF JOIN (VALUES ${labels.join(', ')}) s(window_from, label) ON d.t >= s.window_from`;
  const wanted = `SELECT * FROM (${grouped}) WHERE label >= ${plan.span.from} AND label < ${plan.span.to}`;
  return aggregated(wanted, 'ordered');
}

/**
 * The rows, and one for each expected candle without a row: `filled` 1, volume 0, prices the last close (`fill`, from
 * the first candle of a symbol on) or NaN (`null`).
 */
function filledSql(rows: string, plan: CandleSqlPlan, slice: Span, filling: Filling): string {
  const starts = expectedStarts(plan, slice, filling);
  const codes = [...new Set(plan.table.legs.map((leg) => leg.code))];
  const all = `SELECT *, 0 AS filled FROM (${rows})`;
  if (starts === undefined || codes.length === 0) return all;
  const carried = [...filling.carried].map(([code, close]) => `(${code}, ${doubleSql(close)})`);
  const before = carried.length > 0 ? carried.join(', ') : '(-1, 0e0)';
  const joined = `SELECT coalesce(r.t, e.t) AS t, coalesce(r.code, e.code) AS code, r.open, r.high, r.low, r.close, r.volume
FROM (${rows}) r FULL JOIN (SELECT t, c.code FROM (${starts}), (VALUES ${codes.map((code) => `(${code})`).join(', ')}) c(code)) e
ON r.t = e.t AND r.code = e.code`;
  if (filling.mode === 'null')
    return `SELECT t, code, ${PRICES.map((name) => `coalesce(${name}, 'nan'::DOUBLE) AS ${name}`).join(', ')}, coalesce(volume, 0) AS volume, (close IS NULL)::INTEGER AS filled FROM (${joined})`;
  const carry = `SELECT j.*, coalesce(last_value(j.close IGNORE NULLS) OVER (PARTITION BY j.code ORDER BY j.t), b.close::DOUBLE) AS carry
FROM (${joined}) j LEFT JOIN (VALUES ${before}) b(code, close) ON j.code = b.code`;
  return `SELECT t, code, ${PRICES.map((name) => `coalesce(${name}, carry) AS ${name}`).join(', ')}, coalesce(volume, 0) AS volume, (close IS NULL)::INTEGER AS filled FROM (${carry}) WHERE carry IS NOT NULL`;
}

/** SELECT of the STARTs that the calendar expects in the slice; undefined when there are none. */
function expectedStarts(plan: CandleSqlPlan, slice: Span, filling: Filling): string | undefined {
  const { calendar, timeframe, span } = plan;
  const sessions = filling.sessions.filter(
    (s) => s.windowFrom < slice.to && s.windowTo > slice.from,
  );
  if (sessions.length === 0) return undefined;
  const bounds = `t >= ${span.from} AND t < ${span.to}`;
  if (timeframe.unit === 'day') {
    const ended = sessions.filter((session) => session.close <= filling.now);
    const labels = new Set(ended.map((s) => labelOfDays(calendar, s, timeframe.count)));
    if (labels.size === 0) return undefined;
    return `SELECT t FROM (VALUES ${[...labels].map((t) => `(${t})`).join(', ')}) x(t) WHERE ${bounds}`;
  }
  const width = BigInt(timeframe.count) * MINUTE_NS;
  const pauses = sessions.flatMap((session) => session.breaks);
  const open = pauses.map(
    (pause) => `AND NOT (t >= ${pause.from} AND t + ${width} <= ${pause.to})`,
  );
  const hours = sessions.map((session) => `(${session.open}, ${session.close})`).join(', ');
  return `SELECT t FROM (SELECT unnest(range(open_ns, close_ns, ${width})) AS t, close_ns FROM (VALUES ${hours}) x(open_ns, close_ns))
WHERE ${bounds} AND least(t + ${width}, close_ns) <= ${filling.now} ${open.join(' ')}`;
}
