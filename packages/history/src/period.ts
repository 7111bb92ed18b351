import type { StoredTimeframe } from '@tb/schema';

/**
 * Timeframes with a file of all their closed months. Planning costs 0.3 ms a file, so the fewer candles a day has, the more
 * days go into one: ten years of 1d are 120 months, which take ten times as long to plan as one file takes to read.
 */
export const WITH_WHOLE: ReadonlySet<StoredTimeframe> = new Set<StoredTimeframe>(['1h', '1d']);

const WHOLE = '..';

/** How the file of all trading dates up to the end of a month, `YYYY-MM`, is named among months: `..2026-01`. */
export function wholeUntil(month: string): string {
  return `${WHOLE}${month}`;
}

/** The last month of a whole file; undefined for a month. */
export function lastMonthOf(period: string): string | undefined {
  return period.startsWith(WHOLE) ? period.slice(WHOLE.length) : undefined;
}

export function monthOf(tradingDate: string): string {
  return tradingDate.slice(0, 7);
}

/** The trading dates of a month, `YYYY-MM`, or of everything up to one, `..YYYY-MM`, as a half-open range. */
export function datesOfPeriod(period: string): {
  readonly from: string | undefined;
  readonly to: string;
} {
  const last = lastMonthOf(period);
  const [year, month] = (last ?? period).split('-').map(Number) as [number, number];
  const next = month === 12 ? [year + 1, 1] : [year, month + 1];
  const to = `${next[0]}-${String(next[1]).padStart(2, '0')}-01`;
  return { from: last === undefined ? `${period}-01` : undefined, to };
}
