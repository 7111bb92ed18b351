import { weekdayOf } from './civil-date.ts';
import type { ExchangeRules, MinuteRange } from './exchange-rules.ts';
import { US_FIRST_YEAR, US_LAST_YEAR, usDayRules } from './us-holidays.ts';

const REGULAR: MinuteRange = { from: 9 * 60 + 30, to: 16 * 60 };
const days = usDayRules();

/**
 * US stock exchanges: 09:30 to 16:00 New York. The window is 03:30 to 20:30: pre-market from 04:00, after-hours to
 * 20:00, and half an hour beyond for late prints. It begins on the hour grid of the open, so hourly candles fit.
 */
export const usExchange: ExchangeRules = {
  timeZone: 'America/New_York',
  window: { from: 3 * 60 + 30, to: 20 * 60 + 30 },
  usualHours: (day) => (weekdayOf(day) >= 1 && weekdayOf(day) <= 5 ? REGULAR : undefined),
  ruleOf: (date) => days.get(date),
  knowsYear: (year) => year >= US_FIRST_YEAR && year <= US_LAST_YEAR,
};
