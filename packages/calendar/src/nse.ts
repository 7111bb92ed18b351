import { dayOfDate, weekdayOf } from './civil-date.ts';
import type { ExchangeRules, MinuteRange } from './exchange-rules.ts';
import { NSE_KNOWN_YEARS, nseDays } from './nse-holidays.ts';

const REGULAR: MinuteRange = { from: 9 * 60 + 15, to: 15 * 60 + 30 };
/** 2010-01-04 to 2010-10-15 trading began at 09:00, before the pre-open auction took that quarter of an hour. */
const REGULAR_2010: MinuteRange = { from: 9 * 60, to: 15 * 60 + 30 };
const REGULAR_BEFORE_2010: MinuteRange = { from: 9 * 60 + 55, to: 15 * 60 + 30 };
const NINE_O_CLOCK = dayOfDate('2010-01-04');
const PRE_OPEN_AUCTION = dayOfDate('2010-10-18');

/**
 * NSE and BSE equities and their derivatives: 09:15 to 15:30 India, the same holidays. The window is the local day:
 * pre-open from 09:00, closing sessions to 16:00, late rows, and the evening of a Muhurat session all belong to it.
 */
export const nse: ExchangeRules = {
  timeZone: 'Asia/Kolkata',
  window: { from: 0, to: 24 * 60 },
  usualHours: (day) => {
    if (weekdayOf(day) === 0 || weekdayOf(day) === 6) return undefined;
    if (day >= PRE_OPEN_AUCTION) return REGULAR;
    return day >= NINE_O_CLOCK ? REGULAR_2010 : REGULAR_BEFORE_2010;
  },
  ruleOf: (date) => nseDays.get(date),
  knowsYear: (year) => NSE_KNOWN_YEARS.includes(year),
};
