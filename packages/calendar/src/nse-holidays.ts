import type { DayRule } from './exchange-rules.ts';

/** Years for which the list below is complete. */
export const NSE_KNOWN_YEARS: readonly number[] = [2019];

export const nseDays: ReadonlyMap<string, DayRule> = new Map<string, DayRule>();
