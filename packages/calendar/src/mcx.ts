import { weekdayOf } from './civil-date.ts';
import type { ExchangeRules, MinuteRange } from './exchange-rules.ts';
import { MCX_KNOWN_YEARS, mcxDays } from './mcx-holidays.ts';
import { zoneOffset } from './zone-offset.ts';

const DAY_MS = 86_400_000;
const NEW_YORK_WINTER_MS = -5 * 3_600_000;
const SUMMER: MinuteRange = { from: 9 * 60, to: 23 * 60 + 30 };
const WINTER: MinuteRange = { from: 9 * 60, to: 23 * 60 + 55 };

/**
 * MCX: 09:00 to 23:30 India, to 23:55 while New York is on winter time, so that both close after the US metal and
 * energy markets. The window is the local day.
 */
export const mcx: ExchangeRules = {
  timeZone: 'Asia/Kolkata',
  window: { from: 0, to: 24 * 60 },
  usualHours: (day) => {
    if (weekdayOf(day) === 0 || weekdayOf(day) === 6) return undefined;
    return mcxClosesLate(day) ? WINTER : SUMMER;
  },
  ruleOf: (date) => mcxDays.get(date),
  knowsYear: (year) => MCX_KNOWN_YEARS.includes(year),
};

/** New York changes its clock on Sundays, so noon UTC decides for any weekday. */
export function mcxClosesLate(day: number): boolean {
  return zoneOffset('America/New_York').at(day * DAY_MS + DAY_MS / 2) === NEW_YORK_WINTER_MS;
}
