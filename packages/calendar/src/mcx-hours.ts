import { zoneOffset } from './zone-offset.ts';

const DAY_MS = 86_400_000;
const NEW_YORK_WINTER_MS = -5 * 3_600_000;

/** Minutes of the day at MCX. The morning session ends where the evening session begins. */
export const MORNING_OPEN: number = 9 * 60;
export const EVENING_OPEN: number = 17 * 60;

/**
 * Close of a day (days since 1970): 23:30, and 23:55 while New York is on winter time, so that it comes after the close
 * of the US metal and energy markets. New York changes its clock on a Sunday, so noon UTC decides for any weekday.
 */
export function mcxClose(day: number): number {
  const winter =
    zoneOffset('America/New_York').at(day * DAY_MS + DAY_MS / 2) === NEW_YORK_WINTER_MS;
  return winter ? 23 * 60 + 55 : 23 * 60 + 30;
}
