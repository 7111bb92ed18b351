import { totalReturn } from './returns.ts';
import { mean, type Series } from './series.ts';

/** Periods in a year; 252 trading days unless stated. Others in use: 365 (vectorbt, freqtrade), 52, 12. */
export interface Annualisation {
  readonly periodsPerYear?: number | undefined;
}

/** Average year in days (ffn: 31,557,600 seconds). freqtrade and LEAN take 365. */
export const JULIAN_YEAR_DAYS: number = 365.25;

const DAY_NS = 86_400_000_000_000n;

/** Years between two times (ns UTC), by calendar time and not by rows. */
export function yearsBetween(
  from: bigint,
  to: bigint,
  daysPerYear: number = JULIAN_YEAR_DAYS,
): number {
  return Number(to - from) / Number(DAY_NS) / daysPerYear;
}

/** Whole days between two times (ns UTC), at least 1: what freqtrade divides by. */
export function wholeDays(from: bigint, to: bigint): number {
  const days = Number((to - from) / DAY_NS);
  return Math.max(1, days);
}

/**
 * Compound annual growth rate: `(end / start) ^ (1 / years) - 1`, a fraction.
 * Years are the convention: `yearsBetween(a, b, 365)` for freqtrade and LEAN, `yearsBetween(a, b)` for ffn,
 * `rows / periodsPerYear` for empyrical and Nautilus (`annualReturn` does that).
 *
 * @returns NaN when the account ends below 0 or there is no time; -1 when it ends at 0.
 */
export function cagr(start: number, end: number, years: number): number {
  if (!(years > 0) || end / start < 0) return Number.NaN;
  return (end / start) ** (1 / years) - 1;
}

/**
 * Geometric return a year: `(1 + total) ^ (periodsPerYear / rows) - 1`. NaN rows count as rows
 * (empyrical `annual_return` and `cagr`, vectorbt `annualized_return`, Nautilus on daily rows).
 */
export function annualReturn(returns: Series, options: Annualisation = {}): number {
  return cagr(1, 1 + totalReturn(returns), returns.length / (options.periodsPerYear ?? 252));
}

/** Mean return compounded over a year: `(1 + mean) ^ periodsPerYear - 1` (LEAN `AnnualPerformance`). */
export function annualMeanReturn(returns: Series, options: Annualisation = {}): number {
  return (1 + mean(returns)) ** (options.periodsPerYear ?? 252) - 1;
}

/** The rate per period that compounds to an annual rate: `(1 + rate) ^ (1 / periodsPerYear) - 1` (ffn, omega's threshold). */
export function perPeriodRate(annualRate: number, options: Annualisation = {}): number {
  if (annualRate <= -1) return Number.NaN;
  return (1 + annualRate) ** (1 / (options.periodsPerYear ?? 252)) - 1;
}
