import { wallTimeToUtc } from '@tb/calendar';

export const INDIA = 'Asia/Kolkata';
export const NEW_YORK = 'America/New_York';

/** ns UTC of `YYYY-MM-DD HH:MM[:SS]` on the wall clock of a zone. */
export function wall(text: string, timeZone: string): bigint {
  const [date = '', time = ''] = text.split(' ');
  return wallTimeToUtc(date, time, timeZone);
}

/** ns UTC of an ISO time, by `Date` and not by the code under test. */
export function utc(iso: string): bigint {
  return BigInt(Date.parse(iso)) * 1_000_000n;
}

/** All dates of a year, by `Date`. */
export function datesOf(year: number): string[] {
  const dates: string[] = [];
  for (let ms = Date.UTC(year, 0, 1); ms < Date.UTC(year + 1, 0, 1); ms += 86_400_000)
    dates.push(new Date(ms).toISOString().slice(0, 10));
  return dates;
}

export function isWeekend(date: string): boolean {
  return [0, 6].includes(new Date(`${date}T00:00:00Z`).getUTCDay());
}
