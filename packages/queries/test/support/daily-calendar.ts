import type { Session, SessionCalendar } from '@tb/calendar';

const DAY_NS = 86_400_000_000_000n;

/** One session a day, of 24 hours, that opens at the same time of the UTC day as `open`. */
export function dailyCalendar(open: bigint): SessionCalendar {
  const shift = ((open % DAY_NS) + DAY_NS) % DAY_NS;
  const of = (day: bigint): Session => ({
    exchange: 'oracle',
    tradingDate: dateOf(day),
    open: day * DAY_NS + shift,
    close: (day + 1n) * DAY_NS + shift,
    windowFrom: day * DAY_NS + shift,
    windowTo: (day + 1n) * DAY_NS + shift,
    breaks: [],
    kind: 'regular',
    certainty: 'known',
  });
  const dayAt = (ts: bigint): bigint => (ts - shift) / DAY_NS;
  const between = (from: bigint, to: bigint): Session[] => {
    const sessions: Session[] = [];
    for (let day = from; day < to; day++) sessions.push(of(day));
    return sessions;
  };
  const unused = (): never => {
    throw new Error('Not needed by these tests');
  };
  return {
    exchange: 'oracle',
    timeZone: 'UTC',
    tradingDateOf: (ts) => dateOf(dayAt(ts)),
    localDateOf: (ts) => dateOf(ts / DAY_NS),
    sessionOf: (date) => of(dayOf(date)),
    isSession: () => true,
    knows: () => true,
    reasonOf: () => undefined,
    previousSession: (date) => of(dayOf(date) - 1n),
    nextSession: (date) => of(dayOf(date) + 1n),
    sessionsBetween: (from, to) => between(dayOf(from), dayOf(to)),
    sessionsOverlapping: (from, to) => (from < to ? between(dayAt(from), dayAt(to - 1n) + 1n) : []),
    expectedCandles: unused,
    candleStart: unused,
  };
}

function dateOf(day: bigint): string {
  return new Date(Number(day) * 86_400_000).toISOString().slice(0, 10);
}

function dayOf(date: string): bigint {
  return BigInt(Date.parse(date)) / 86_400_000n;
}
