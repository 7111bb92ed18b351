import type { Session, SessionCalendar } from '@tb/calendar';
import type { MarketDataSnapshot } from '@tb/schema';
import { QueryError } from './errors.ts';
import type { Gap } from './gap-record.ts';
import { isoOf, MINUTE_NS, maxOf, mergeSpans, minOf, type Span } from './range.ts';
import { clampToDates, sessionsWithout } from './trading-days.ts';

export interface Extent {
  readonly first: string;
  readonly last: string;
}

/** Sessions of a span, and those of them that have no data. */
interface SessionGaps {
  readonly sessions: readonly Session[];
  readonly gaps: readonly Gap[];
}

/**
 * What was found last for a list of dates. The reader hands out one list for one range until something is published, and a
 * scanner asks the same of each symbol: a decade of sessions takes a third of the time of reading its candles of 1d.
 */
const FOUND = new WeakMap<
  readonly string[],
  { readonly calendar: SessionCalendar; readonly asked: string; readonly found: SessionGaps }
>();

/**
 * Sessions of the span from the first to the last date with data, and those of them that have none.
 * @param dates Trading dates with data in the span, ascending; the list is not changed afterwards.
 */
export function sessionGaps(
  calendar: SessionCalendar,
  span: Span,
  extent: Extent,
  dates: readonly string[],
): SessionGaps {
  const asked = `${span.from} ${span.to} ${extent.first} ${extent.last}`;
  const known = FOUND.get(dates);
  if (known?.calendar === calendar && known.asked === asked) return known.found;
  const found = findSessionGaps(calendar, span, extent, dates);
  FOUND.set(dates, { calendar, asked, found });
  return found;
}

function findSessionGaps(
  calendar: SessionCalendar,
  span: Span,
  extent: Extent,
  dates: readonly string[],
): SessionGaps {
  const { from, to } = clampToDates(calendar, span, extent);
  const sessions = calendar
    .sessionsOverlapping(from, to)
    .filter(
      ({ open, close, tradingDate: date }) =>
        open < span.to && close > span.from && date >= extent.first && date <= extent.last,
    );
  const gaps = sessionsWithout(sessions, dates).map((session) =>
    gapOf('session', session, { from: session.open, to: session.close }),
  );
  return { sessions, gaps };
}

/** Sessions that began by `now` in the span before the first, and after the last date with data: one gap each. */
export function edgeGaps(
  calendar: SessionCalendar,
  span: Span,
  extent: Extent,
  now: bigint,
): Gap[] {
  const gaps: Gap[] = [];
  const before = calendar.previousSession(extent.first);
  const end = minOf(span.to, before.close);
  if (before.close > span.from && before.open < span.to)
    gaps.push(gapOf('before_data', before, { from: span.from, to: end }));
  const after = calendar.nextSession(extent.last);
  if (after.open < minOf(span.to, now) && after.close > span.from) {
    const from = maxOf(span.from, after.open);
    gaps.push(gapOf('after_data', after, { from, to: minOf(span.to, now) }));
  }
  return gaps;
}

/** An expected stretch of one session in which no feed was connected. */
export interface Stretch extends Span {
  readonly session: Session;
}

/**
 * Stretches of sessions outside the coverage of the feeds, in whole minutes: a minute that is covered in part counts as
 * outside. A session that no coverage meets has unknown coverage (imported history) and gives none.
 */
export function uncoveredStretches(
  snapshot: MarketDataSnapshot,
  sessions: readonly Session[],
  span: Span,
  now: bigint,
): Stretch[] {
  const covered = mergeSpans(snapshot.coverage);
  const stretches: Stretch[] = [];
  for (const session of sessions) {
    const inside = covered.filter((c) => c.from < session.close && c.to > session.open);
    if (inside.length === 0) continue;
    const end = expectedUntil(session, inside, snapshot, now);
    for (const hole of holesIn({ from: session.open, to: end }, [...inside, ...session.breaks])) {
      const from = maxOf(hole.from, span.from);
      const to = minOf(hole.to, span.to);
      if (from < to) stretches.push({ session, from, to });
    }
  }
  return stretches;
}

/**
 * A session that runs is expected up to a minute before the last heartbeat: coverage is written in steps, and what the
 * ingestor did not get to is staleness (`requireFresh`), not a gap.
 */
function expectedUntil(
  session: Session,
  inside: readonly Span[],
  snapshot: MarketDataSnapshot,
  now: bigint,
): bigint {
  if (session.close <= now) return session.close;
  const heartbeat = snapshot.live?.heartbeat;
  return heartbeat === undefined
    ? (inside.at(-1)?.to ?? session.open)
    : minOf(session.close, heartbeat - MINUTE_NS);
}

/** What `covered` leaves of a span, widened to the whole minutes that are touched, counted from its start. */
function holesIn(span: Span, covered: readonly Span[]): Span[] {
  const holes: Span[] = [];
  let from = span.from;
  for (const part of mergeSpans(covered)) {
    if (part.from > from) holes.push({ from, to: minOf(part.from, span.to) });
    from = maxOf(from, part.to);
  }
  if (from < span.to) holes.push({ from, to: span.to });
  const floor = (ts: bigint): bigint => ts - ((ts - span.from) % MINUTE_NS);
  return mergeSpans(
    holes
      .filter((hole) => hole.from < hole.to)
      .map((hole) => ({ from: floor(hole.from), to: floor(hole.to + MINUTE_NS - 1n) })),
  );
}

/** The minutes of a stretch that have no candle, as gaps. @param present STARTs of 1m candles in the stretch. */
export function feedGaps(
  stretch: Stretch,
  present: ReadonlySet<bigint>,
  symbol: string | undefined,
): Gap[] {
  const missing: Span[] = [];
  const { open } = stretch.session;
  // A stretch cut by the range may begin inside a minute: that minute's START lies outside the range.
  let start = stretch.from + ((MINUTE_NS - ((stretch.from - open) % MINUTE_NS)) % MINUTE_NS);
  for (; start < stretch.to; start += MINUTE_NS)
    if (!present.has(start)) missing.push({ from: start, to: start + MINUTE_NS });
  return mergeSpans(missing).map((span) => ({ ...gapOf('feed', stretch.session, span), symbol }));
}

function gapOf(kind: Gap['kind'], session: Session, span: Span): Gap {
  const { tradingDate, certainty } = session;
  return { kind, tradingDate, from: span.from, to: span.to, certainty };
}

/** Whether a gap is refused by `onGap: 'error'`. */
function isRefused(gap: Gap, requireFullRange: boolean): boolean {
  if (gap.certainty === 'unknown') return false;
  return gap.kind === 'session' || gap.kind === 'feed' || requireFullRange;
}

/** @throws `GAP` naming the first gap that is refused, and how many there are. */
export function assertNoGap(
  gaps: readonly Gap[],
  exchange: string,
  requireFullRange: boolean,
): void {
  const refused = gaps.filter((gap) => isRefused(gap, requireFullRange));
  const first = refused[0];
  if (!first) return;
  const more = refused.length > 1 ? `, and ${refused.length - 1} more gaps` : '';
  throw new QueryError('GAP', `${describe(first, exchange)}${more}`);
}

function describe(gap: Gap, exchange: string): string {
  const where = `from ${isoOf(gap.from)} to ${isoOf(gap.to)}`;
  const whose = gap.symbol === undefined ? exchange : `${exchange} ${gap.symbol}`;
  switch (gap.kind) {
    case 'session':
      return `Session ${gap.tradingDate} of ${exchange} has no data, dates before and after it have`;
    case 'feed':
      return `${whose} has no candle ${where} on ${gap.tradingDate}, when no feed was connected`;
    case 'before_data':
      return `${exchange} has no data ${where}, before its first trading date`;
    case 'after_data':
      return `${exchange} has no data ${where}, after its last trading date`;
  }
}
