import type { Annualisation } from './growth.ts';
import {
  difference,
  mean,
  presentOf,
  type ScalarOrSeries,
  type Series,
  standardDeviation,
} from './series.ts';

export interface VolatilityOptions extends Annualisation {
  /** Default 1. */
  readonly ddof?: 0 | 1;
}

/** `standardDeviation * sqrt(periodsPerYear)` (empyrical `annual_volatility`, LEAN, Nautilus, vectorbt); NaN for less than two rows. */
export function annualVolatility(returns: Series, options: VolatilityOptions = {}): number {
  if (returns.length < 2) return Number.NaN;
  return standardDeviation(returns, options) * Math.sqrt(options.periodsPerYear ?? 252);
}

export interface DownsideOptions {
  /** Return per period below which a row is a loss. Default 0. */
  readonly required?: ScalarOrSeries | undefined;
  /**
   * `all` rows, those above the required return as 0 (default; empyrical, vectorbt, Nautilus, ffn), or only those `below`
   * it (freqtrade, LEAN).
   */
  readonly rows?: 'all' | 'below' | undefined;
  /** Deviation from the `required` return (default; empyrical, vectorbt, Nautilus) or from the `mean` of the rows (freqtrade, LEAN, ffn). */
  readonly about?: 'required' | 'mean' | undefined;
  /** Default 0 (empyrical, vectorbt, Nautilus, freqtrade); 1 for LEAN and ffn. */
  readonly ddof?: 0 | 1 | undefined;
}

/**
 * Deviation of the losses, per period. With the defaults `sqrt(mean(min(0, r - required) ^ 2))` over all rows (Sortino
 * and Price, 1994).
 *
 * @returns NaN for no more rows than `ddof`; 0 when no row is below.
 */
export function downsideDeviation(returns: Series, options: DownsideOptions = {}): number {
  const { required = 0, rows = 'all', about = 'required', ddof = 0 } = options;
  const excess = presentOf(difference(returns, required));
  if (excess.length === 0) return Number.NaN;
  const losses = excess.filter((value) => value < 0);
  if (losses.length === 0) return 0;
  const counted = rows === 'all' ? excess.map((value) => Math.min(0, value)) : losses;
  if (about === 'mean') return standardDeviation(counted, { ddof });
  return Math.sqrt(
    (mean(counted.map((value) => value ** 2)) * counted.length) / (counted.length - ddof),
  );
}

/** `downsideDeviation * sqrt(periodsPerYear)` (empyrical `downside_risk`). */
export function annualDownsideRisk(
  returns: Series,
  options: DownsideOptions & Annualisation = {},
): number {
  return downsideDeviation(returns, options) * Math.sqrt(options.periodsPerYear ?? 252);
}
