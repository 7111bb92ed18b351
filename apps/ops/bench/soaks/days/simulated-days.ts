import type { Session, SessionCalendar } from '@tb/calendar';

/** One date on which at least one of the exchanges trades. */
export interface SimulatedDay {
  readonly date: string;
  /** By exchange. */
  readonly sessions: ReadonlyMap<string, Session>;
}

/** The dates of one run, and what they were chosen for. */
export interface DaysPlan {
  readonly exchanges: readonly string[];
  /** Text of `calendars/<exchange>.json`, for exchanges that are not built in. */
  readonly calendarFiles: Readonly<Record<string, string>>;
  /** Ascending. */
  readonly days: readonly SimulatedDay[];
  /**
   * What the days are chosen for, each with what the calendar should say, written down by hand. A calendar that said
   * otherwise would move the windows of the rows and of the checks alike, and nobody would notice.
   */
  readonly facts: Readonly<Record<string, boolean>>;
}

/** Half-open: trading dates of all exchanges between two dates, ascending. */
export function daysBetween(
  calendars: readonly SessionCalendar[],
  stretches: readonly (readonly [from: string, to: string])[],
): readonly SimulatedDay[] {
  const days = new Map<string, Map<string, Session>>();
  for (const [from, to] of stretches)
    for (const calendar of calendars)
      for (const session of calendar.sessionsBetween(from, to)) {
        const day = days.get(session.tradingDate) ?? new Map<string, Session>();
        days.set(session.tradingDate, day.set(calendar.exchange, session));
      }
  return [...days]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([date, sessions]) => ({ date, sessions }));
}

/** @throws with the names of the facts that do not hold. @returns All names. */
export function assertFacts({ facts }: DaysPlan): readonly string[] {
  const wrong = Object.keys(facts).filter((name) => facts[name] !== true);
  if (wrong.length > 0) throw new Error(`The calendar does not have: ${wrong.join(', ')}`);
  return Object.keys(facts);
}

/** Questions that facts ask. */
export class SessionBook {
  readonly #days: readonly SimulatedDay[];

  constructor(days: readonly SimulatedDay[]) {
    this.#days = days;
  }

  of(date: string, exchange: string): Session | undefined {
    return this.#days.find((day) => day.date === date)?.sessions.get(exchange);
  }

  /** Whether the session opens at this time of that date, UTC. */
  isOpenAt(date: string, exchange: string, hours: number, minutes: number): boolean {
    const ms = Date.parse(`${date}T00:00:00Z`) + (hours * 60 + minutes) * 60_000;
    return this.of(date, exchange)?.open === BigInt(ms) * 1_000_000n;
  }

  /** ns; 0n without a session. */
  lengthOf(date: string, exchange: string): bigint {
    const session = this.of(date, exchange);
    return session ? session.close - session.open : 0n;
  }

  /** Trading dates of an exchange, ascending. */
  datesOf(exchange: string): string[] {
    return this.#days.filter(({ sessions }) => sessions.has(exchange)).map(({ date }) => date);
  }
}
