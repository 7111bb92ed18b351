import { CalendarError } from './errors.ts';

const FORM = /^(\d{4})-(\d{2})-(\d{2})$/;
const DAY_MS = 86_400_000;

/** int64 nanoseconds reach from 1677-09 to 2262-04; whole years inside that leave room for windows at the ends. */
const FIRST_YEAR = 1678;
const LAST_YEAR = 2261;
export const FIRST_DAY: number = Date.UTC(FIRST_YEAR, 0, 1) / DAY_MS;
export const LAST_DAY: number = Date.UTC(LAST_YEAR, 11, 31) / DAY_MS;

/** 0 is Sunday, as in `Date`. */
export type WeekdayNumber = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/**
 * Days since 1970-01-01 of a date `YYYY-MM-DD`.
 * @throws `BAD_TRADING_DATE` unless it is a real day of 1678 to 2261
 */
export function dayOfDate(date: string): number {
  const parts = typeof date === 'string' ? FORM.exec(date) : null;
  const [year, month, day] = [Number(parts?.[1]), Number(parts?.[2]), Number(parts?.[3])];
  const ms = parts ? Date.UTC(year, month - 1, day) : Number.NaN;
  const real = new Date(ms);
  if (
    !parts ||
    year < FIRST_YEAR ||
    year > LAST_YEAR ||
    real.getUTCMonth() !== month - 1 ||
    real.getUTCDate() !== day
  )
    throw new CalendarError(
      'BAD_TRADING_DATE',
      `Trading date ${typeof date === 'string' ? JSON.stringify(date.slice(0, 40)) : typeof date} is not a real day YYYY-MM-DD from ${FIRST_YEAR} to ${LAST_YEAR}`,
    );
  return ms / DAY_MS;
}

/** The inverse of `dayOfDate`. */
export function dateOfDay(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export function weekdayOf(day: number): WeekdayNumber {
  return ((((day + 4) % 7) + 7) % 7) as WeekdayNumber; // 1970-01-01 was a Thursday
}
