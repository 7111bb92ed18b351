import { calendarOf, parseCalendarFile } from '@tb/calendar';
import { type DaysPlan, daysBetween, SessionBook } from './simulated-days.ts';

/**
 * No exchange has a year end, a leap day and both kinds of summer time within 24 sessions; one that trades on Tuesday and
 * Thursday has.
 */
const CALENDARS = {
  west: {
    timeZone: 'America/New_York',
    week: weekOf('09:30', '16:00'),
    holidays: { '2024-01-09': 'Founders' },
    halfDays: { '2024-01-25': { open: '09:30', close: '13:00' } },
    specialSessions: { '2024-02-04': { open: '10:00', close: '11:00', name: 'Sunday session' } },
    knownYears: 'all',
  },
  east: {
    timeZone: 'Asia/Kolkata',
    week: weekOf('09:15', '15:30'),
    holidays: { '2024-01-23': 'Spring' },
    halfDays: { '2024-02-13': { open: '09:15', close: '12:00' } },
    specialSessions: { '2024-01-14': { open: '18:00', close: '19:00', name: 'Sunday session' } },
    knownYears: 'all',
  },
} as const;

const [FROM, TO] = ['2023-12-21', '2024-03-13'];
const SESSIONS = 24;
const HOUR_NS = 3_600_000_000_000n;

function weekOf(open: string, close: string): Record<string, { open: string; close: string }> {
  return { tue: { open, close }, thu: { open, close } };
}

/** 24 consecutive sessions of each of two exchanges that are files of the data root: no date between them is left out. */
export function unbroken(): DaysPlan {
  const calendarFiles = Object.fromEntries(
    Object.entries(CALENDARS).map(([exchange, file]) => [exchange, JSON.stringify(file)]),
  );
  const calendars = Object.entries(calendarFiles).map(([exchange, text]) =>
    calendarOf(exchange, parseCalendarFile(text)),
  );
  const days = daysBetween(calendars, [[FROM, TO]]);
  const book = new SessionBook(days);
  const isUnbroken = calendars.every((calendar) => {
    const dates = book.datesOf(calendar.exchange);
    const follows = (date: string, at: number): boolean =>
      at === 0 || calendar.nextSession(dates[at - 1] as string).tradingDate === date;
    return dates.length === SESSIONS && dates.every(follows);
  });
  const facts = {
    '24 consecutive sessions of each exchange': isUnbroken,
    'year end':
      book.isOpenAt('2023-12-28', 'west', 14, 30) && book.isOpenAt('2024-01-02', 'west', 14, 30),
    'leap day': book.isOpenAt('2024-02-29', 'west', 14, 30),
    'summer time begins':
      book.isOpenAt('2024-03-07', 'west', 14, 30) && book.isOpenAt('2024-03-12', 'west', 13, 30),
    'no summer time in India':
      book.isOpenAt('2024-03-07', 'east', 3, 45) && book.isOpenAt('2024-03-12', 'east', 3, 45),
    'Sunday sessions':
      book.isOpenAt('2024-02-04', 'west', 15, 0) && book.lengthOf('2024-01-14', 'east') === HOUR_NS,
    'holiday of one exchange':
      !book.of('2024-01-09', 'west') &&
      book.isOpenAt('2024-01-09', 'east', 3, 45) &&
      !book.of('2024-01-23', 'east'),
    'half days':
      book.lengthOf('2024-01-25', 'west') === (7n * HOUR_NS) / 2n &&
      book.lengthOf('2024-02-13', 'east') === (11n * HOUR_NS) / 4n,
  };
  return { exchanges: Object.keys(CALENDARS), calendarFiles, days, facts };
}
