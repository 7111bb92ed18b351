import type { DayRule } from './exchange-rules.ts';

/** Years for which the list below is complete. */
export const MCX_KNOWN_YEARS: readonly number[] = [];

export const mcxDays: ReadonlyMap<string, DayRule> = new Map<string, DayRule>();
