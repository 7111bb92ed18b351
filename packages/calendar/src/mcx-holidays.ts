import { dayOfDate } from './civil-date.ts';
import type { DayRule, MinuteRange } from './exchange-rules.ts';
import { EVENING_OPEN, MORNING_OPEN, mcxClose } from './mcx-hours.ts';

/**
 * Days on which MCX (non-agricultural contracts) departs from the weekly pattern. On most holidays the evening session
 * is held; on the first of January the morning session alone.
 * Source: the MCX circulars "Trading holidays for the calendar year", and those on Muhurat hours and moved festivals.
 */

/** Years for which the list is complete. */
export const MCX_KNOWN_YEARS: readonly number[] = [2023];

/** Both sessions closed. Per entry: date, name. */
const CLOSED = [
  '2023-01-26 Republic Day',
  '2023-04-07 Good Friday',
  '2023-08-15 Independence Day',
  '2023-10-02 Gandhi Jayanti',
  '2023-12-25 Christmas',
];

const EVENING_ONLY = [
  '2023-03-07 Holi',
  '2023-03-30 Ram Navami',
  '2023-04-04 Mahavir Jayanti',
  '2023-04-14 Ambedkar Jayanti',
  '2023-05-01 Maharashtra Day',
  '2023-06-29 Bakri Id',
  '2023-09-19 Ganesh Chaturthi',
  '2023-10-24 Dussehra',
  '2023-11-14 Diwali Balipratipada',
  '2023-11-27 Guru Nanak Jayanti',
];

const MORNING_ONLY = ['2019-01-01 New Year', '2020-01-01 New Year'];

const MUHURAT = ['2020-11-14 Muhurat', '2023-11-12 Muhurat'];
const MUHURAT_HOURS: MinuteRange = { from: 18 * 60 + 15, to: 19 * 60 + 15 };

export const mcxDays: ReadonlyMap<string, DayRule> = new Map<string, DayRule>([
  ...CLOSED.map((day) => rule(day, (name) => ({ kind: 'holiday', name }))),
  ...EVENING_ONLY.map((day) =>
    rule(day, (name, date) => ({
      kind: 'half',
      name,
      // Asked of the clock of New York when it is wanted: every process that imports this package would pay 10 ms.
      get hours() {
        return { from: EVENING_OPEN, to: mcxClose(dayOfDate(date)) };
      },
    })),
  ),
  ...MORNING_ONLY.map((day) =>
    rule(day, (name) => ({ kind: 'half', name, hours: { from: MORNING_OPEN, to: EVENING_OPEN } })),
  ),
  ...MUHURAT.map((day) => rule(day, (name) => ({ kind: 'special', name, hours: MUHURAT_HOURS }))),
]);

/** @param day `YYYY-MM-DD name`. */
function rule(day: string, of: (name: string, date: string) => DayRule): [string, DayRule] {
  const date = day.slice(0, 10);
  return [date, of(day.slice(11), date)];
}
