import { calendarOf } from '@tb/calendar';
import { type DaysPlan, daysBetween, SessionBook } from './simulated-days.ts';

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

/** 24 days of two real exchanges, with dates left out between the stretches. */
export function stretches(): DaysPlan {
  const exchanges = ['nse', 'xnas'];
  const days = daysBetween(
    exchanges.map((exchange) => calendarOf(exchange)),
    STRETCHES,
  );
  const book = new SessionBook(days);
  const facts = {
    'summer time ends':
      book.isOpenAt('2023-11-03', 'xnas', 13, 30) && book.isOpenAt('2023-11-06', 'xnas', 14, 30),
    'summer time begins':
      book.isOpenAt('2024-03-08', 'xnas', 14, 30) && book.isOpenAt('2024-03-11', 'xnas', 13, 30),
    'no summer time in India':
      book.isOpenAt('2023-11-03', 'nse', 3, 45) && book.isOpenAt('2024-03-11', 'nse', 3, 45),
    'Sunday session': book.lengthOf('2023-11-12', 'nse') === HOUR_NS,
    'holiday of one exchange': !book.of('2023-11-14', 'nse') && !book.of('2023-11-23', 'xnas'),
    'half day': book.lengthOf('2023-11-24', 'xnas') === (7n * HOUR_NS) / 2n,
    'year end': !book.of('2024-01-01', 'xnas') && book.isOpenAt('2024-01-01', 'nse', 3, 45),
    'leap day': book.lengthOf('2024-02-29', 'nse') === (25n * HOUR_NS) / 4n,
  };
  return { exchanges, calendarFiles: {}, days, facts };
}
