import type { ExchangeRules } from './exchange-rules.ts';

const DAY = { from: 0, to: 24 * 60 };

/** 24x7: every UTC day is one session, and its own window. Nothing closes, so every year is known. */
export const alwaysOpen: ExchangeRules = {
  timeZone: 'UTC',
  window: DAY,
  usualHours: () => DAY,
  ruleOf: () => undefined,
  knowsYear: () => true,
};
