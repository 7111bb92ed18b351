import { calendarOf, type Session } from '@tb/calendar';

export type Exchange = 'nse' | 'xnas';
export const EXCHANGES: readonly Exchange[] = ['nse', 'xnas'];

/** One date on which at least one of the exchanges trades. */
export interface SimulatedDay {
  readonly date: string;
  readonly sessions: ReadonlyMap<Exchange, Session>;
}

/** Half-open stretches of dates, each around something that a calendar can get wrong. */
const STRETCHES: readonly (readonly [from: string, to: string])[] = [
  ['2023-11-02', '2023-11-08'], // New York leaves summer time on 11-05
  ['2023-11-10', '2023-11-15'], // NSE: Muhurat on Sunday 11-12, holiday on 11-14
  ['2023-11-22', '2023-11-28'], // New York: holiday on 11-23, half day on 11-24. NSE: holiday on 11-27
  ['2023-12-28', '2024-01-04'], // year end; New York is closed on 01-01, NSE is not
  ['2024-02-28', '2024-03-02'], // leap day
  ['2024-03-07', '2024-03-13'], // NSE: holiday on 03-08. New York enters summer time on 03-10
];

const HOUR_NS = 3_600_000_000_000n;

/** The 24 days, ascending. */
export function simulatedDays(): readonly SimulatedDay[] {
  const days = new Map<string, Map<Exchange, Session>>();
  for (const [from, to] of STRETCHES)
    for (const exchange of EXCHANGES)
      for (const session of calendarOf(exchange).sessionsBetween(from, to)) {
        const day = days.get(session.tradingDate) ?? new Map<Exchange, Session>();
        days.set(session.tradingDate, day.set(exchange, session));
      }
  return [...days]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([date, sessions]) => ({ date, sessions }));
}

/**
 * What the days are chosen for, each with what the calendar should say, written down here by hand. A calendar that said
 * otherwise would move the windows of the rows and of the checks alike, and nobody would notice.
 */
export function assertSpecialDays(days: readonly SimulatedDay[]): readonly string[] {
  const sessionOf = (date: string, exchange: Exchange): Session | undefined =>
    days.find((day) => day.date === date)?.sessions.get(exchange);
  const isOpenAt = (date: string, exchange: Exchange, hours: number, minutes: number): boolean =>
    sessionOf(date, exchange)?.open ===
    BigInt(Date.parse(`${date}T00:00:00Z`) + (hours * 60 + minutes) * 60_000) * 1_000_000n;
  const lengthOf = (date: string, exchange: Exchange): bigint => {
    const session = sessionOf(date, exchange);
    return session ? session.close - session.open : 0n;
  };
  const facts: Readonly<Record<string, boolean>> = {
    'summer time ends':
      isOpenAt('2023-11-03', 'xnas', 13, 30) && isOpenAt('2023-11-06', 'xnas', 14, 30),
    'summer time begins':
      isOpenAt('2024-03-08', 'xnas', 14, 30) && isOpenAt('2024-03-11', 'xnas', 13, 30),
    'no summer time in India':
      isOpenAt('2023-11-03', 'nse', 3, 45) && isOpenAt('2024-03-11', 'nse', 3, 45),
    'Sunday session': lengthOf('2023-11-12', 'nse') === HOUR_NS,
    'holiday of one exchange': !sessionOf('2023-11-14', 'nse') && !sessionOf('2023-11-23', 'xnas'),
    'half day': lengthOf('2023-11-24', 'xnas') === (7n * HOUR_NS) / 2n,
    'year end': !sessionOf('2024-01-01', 'xnas') && isOpenAt('2024-01-01', 'nse', 3, 45),
    'leap day': lengthOf('2024-02-29', 'nse') === (25n * HOUR_NS) / 4n,
  };
  const wrong = Object.keys(facts).filter((name) => facts[name] !== true);
  if (wrong.length > 0) throw new Error(`The calendar does not have: ${wrong.join(', ')}`);
  return Object.keys(facts);
}
