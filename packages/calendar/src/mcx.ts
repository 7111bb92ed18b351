import { dayOfDate, weekdayOf } from './civil-date.ts';
import type { ExchangeRules } from './exchange-rules.ts';
import { MCX_KNOWN_YEARS, mcxDays } from './mcx-holidays.ts';
import { MORNING_OPEN, mcxClose } from './mcx-hours.ts';

/** Until 2018-12-28 trading began at 10:00. */
const NINE_O_CLOCK = dayOfDate('2018-12-31');
const MORNING_OPEN_BEFORE = 10 * 60;

/**
 * MCX, non-agricultural contracts: 09:00 to 23:30 India, to 23:55 in the winter of New York. The window is the local
 * day; a row after midnight belongs to the next date.
 */
export const mcx: ExchangeRules = {
  timeZone: 'Asia/Kolkata',
  window: { from: 0, to: 24 * 60 },
  usualHours: (day) => {
    if (weekdayOf(day) === 0 || weekdayOf(day) === 6) return undefined;
    return { from: day >= NINE_O_CLOCK ? MORNING_OPEN : MORNING_OPEN_BEFORE, to: mcxClose(day) };
  },
  ruleOf: (date) => mcxDays.get(date),
  knowsYear: (year) => MCX_KNOWN_YEARS.includes(year),
};
