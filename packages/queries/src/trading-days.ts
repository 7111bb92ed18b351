import type { Session, SessionCalendar } from '@tb/calendar';
import type { Timeframe } from '@tb/schema';
import { DAY_NS, MINUTE_NS, maxOf, minOf, type Span } from './range.ts';

const DAY_MS = 86_400_000;
/** 1970-01-05, a Monday: groups of days are counted from it, so that `7d` runs from Monday to Sunday. */
const FIRST_MONDAY = 4;

function dayNumber(date: string): number {
  return Date.parse(`${date}T00:00:00Z`) / DAY_MS;
}

function dateOfDayNumber(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function dateAfter(date: string): string {
  return dateOfDayNumber(dayNumber(date) + 1);
}

/** The sessions whose date is not among the dates; both ascending, so that a decade takes one walk. */
export function sessionsWithout(sessions: readonly Session[], dates: readonly string[]): Session[] {
  let at = 0;
  return sessions.filter(({ tradingDate }) => {
    while (at < dates.length && dates[at]! < tradingDate) at += 1;
    return dates[at] !== tradingDate;
  });
}

/** First session whose open is at or after `ts`. */
export function sessionOpeningFrom(calendar: SessionCalendar, ts: bigint): Session {
  let session = calendar.nextSession(calendar.localDateOf(ts - 3n * DAY_NS));
  while (session.open < ts) session = calendar.nextSession(session.tradingDate);
  return session;
}

/** Last session whose open is before `ts`. */
export function sessionOpeningBefore(calendar: SessionCalendar, ts: bigint): Session {
  let session = calendar.previousSession(calendar.localDateOf(ts + 3n * DAY_NS));
  while (session.open >= ts) session = calendar.previousSession(session.tradingDate);
  return session;
}

/** Trading dates `[from, to)` of the group of `count` calendar days that holds the date. */
export function groupOf(
  date: string,
  count: number,
): { readonly from: string; readonly to: string } {
  const day = dayNumber(date);
  const first = day - ((((day - FIRST_MONDAY) % count) + count) % count);
  return { from: dateOfDayNumber(first), to: dateOfDayNumber(first + count) };
}

/** START of the `count`-day candle that holds a session: the open of the first session of its group. */
export function labelOfDays(calendar: SessionCalendar, session: Session, count: number): bigint {
  if (count === 1) return session.open;
  const group = groupOf(session.tradingDate, count);
  return calendar.sessionsBetween(group.from, group.to)[0]?.open ?? session.open;
}

/** The rows that candles with START in `span` are built from, as a range of row times. */
export function scanSpan(calendar: SessionCalendar, timeframe: Timeframe, span: Span): Span {
  if (span.from >= span.to) return { from: span.from, to: span.from };
  if (timeframe.unit === 'minute')
    return { from: span.from, to: span.to + BigInt(timeframe.count) * MINUTE_NS };
  const first = sessionOpeningFrom(calendar, span.from);
  const opened = sessionOpeningBefore(calendar, span.to);
  const end = groupOf(opened.tradingDate, timeframe.count).to;
  const last = calendar.previousSession(end);
  return last.windowTo > first.windowFrom
    ? { from: first.windowFrom, to: last.windowTo }
    : { from: first.windowFrom, to: first.windowFrom };
}

/**
 * The part of a span that can hold rows of trading dates `first` to `last`. Keeps the calendar from listing centuries
 * of sessions for a span such as 1700 to 2200.
 */
export function clampToDates(
  calendar: SessionCalendar,
  span: Span,
  dates: { readonly first: string; readonly last: string },
): Span {
  const from = maxOf(span.from, calendar.previousSession(dates.first).windowTo);
  const to = minOf(span.to, calendar.nextSession(dates.last).windowFrom);
  return { from, to: maxOf(from, to) };
}

/**
 * The span widened to the windows of the sessions it begins and ends in. What is asked of a reader: a session with rows
 * only outside the span is then seen to have data.
 */
export function wholeSessions(calendar: SessionCalendar, span: Span): Span {
  if (span.from >= span.to) return span;
  const [first, last] = [span.from, span.to - 1n].map((ts) => {
    const date = calendar.tradingDateOf(ts);
    return date === undefined ? undefined : calendar.sessionOf(date);
  });
  return { from: first?.windowFrom ?? span.from, to: last?.windowTo ?? span.to };
}

/** The highest exclusive bound of STARTs whose candle ended by `now`. */
export function closedBefore(calendar: SessionCalendar, timeframe: Timeframe, now: bigint): bigint {
  if (timeframe.unit === 'minute') return now - BigInt(timeframe.count) * MINUTE_NS + 1n;
  let session = calendar.previousSession(calendar.localDateOf(now - 3n * DAY_NS));
  while (session.close <= now) session = calendar.nextSession(session.tradingDate);
  return labelOfDays(calendar, session, timeframe.count);
}
