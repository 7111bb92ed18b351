import { type DownsideOptions, downsideDeviation } from './deviation.ts';
import { maxDrawdown } from './drawdown.ts';
import { type Annualisation, annualReturn, perPeriodRate } from './growth.ts';
import {
  difference,
  mean,
  ratio,
  type ScalarOrSeries,
  type Series,
  standardDeviation,
  type WhenZero,
} from './series.ts';

export interface SharpeOptions extends Annualisation {
  /** Per period, constant or one a row. An annual rate: `perPeriodRate(rate)`. Default 0. */
  readonly riskFree?: ScalarOrSeries | undefined;
  /** Default 1. */
  readonly ddof?: 0 | 1 | undefined;
  /**
   * Result when the returns do not deviate. Default `ieee`: +-Infinity, NaN when the excess is 0 (empyrical). NaN for
   * Nautilus and ffn, 0 for LEAN, -100 for freqtrade, Infinity for vectorbt.
   */
  readonly zeroDeviation?: WhenZero | undefined;
}

/**
 * Sharpe ratio: `mean(r - riskFree) / standardDeviation(r - riskFree) * sqrt(periodsPerYear)` (Sharpe, 1994).
 * NaN for less than two rows (empyrical, vectorbt, ffn). For the ratio per period set `periodsPerYear` to 1.
 */
export function sharpe(returns: Series, options: SharpeOptions = {}): number {
  if (returns.length < 2) return Number.NaN;
  const excess = difference(returns, options.riskFree ?? 0);
  const deviation = standardDeviation(excess, { ddof: options.ddof ?? 1 });
  const annual = Math.sqrt(options.periodsPerYear ?? 252);
  if (deviation === 0) return ratio(mean(excess), 0, options.zeroDeviation);
  return (mean(excess) / deviation) * annual;
}

export interface SortinoOptions extends Annualisation, DownsideOptions {
  /** Result when no row is below. Default `ieee` (empyrical). NaN for Nautilus, 0 for LEAN, -100 for freqtrade, Infinity for vectorbt. */
  readonly zeroDeviation?: WhenZero | undefined;
}

/**
 * Sortino ratio: `mean(r - required) * periodsPerYear / annual downside risk` (empyrical; Sortino and Price, 1994).
 * NaN for less than two rows.
 */
export function sortino(returns: Series, options: SortinoOptions = {}): number {
  if (returns.length < 2) return Number.NaN;
  const average = mean(difference(returns, options.required ?? 0));
  const downside = downsideDeviation(returns, options);
  if (downside === 0) return ratio(average, 0, options.zeroDeviation);
  return (average / downside) * Math.sqrt(options.periodsPerYear ?? 252);
}

export interface CalmarOptions extends Annualisation {
  readonly firstPeak?: 'start' | 'first' | undefined;
  /** Result without a drawdown. Default NaN (empyrical, vectorbt, Nautilus). */
  readonly zeroDrawdown?: WhenZero | undefined;
}

/** Calmar ratio: `annualReturn / |maxDrawdown|` (empyrical, vectorbt). With another growth rate: `ratio(cagr(...), ...)`. */
export function calmar(returns: Series, options: CalmarOptions = {}): number {
  const fall = maxDrawdown(returns, options);
  return ratio(annualReturn(returns, options), Math.abs(fall), options.zeroDrawdown ?? Number.NaN);
}

export interface OmegaOptions extends Annualisation {
  /** Per period. Default 0. */
  readonly riskFree?: ScalarOrSeries | undefined;
  /** A year; becomes a threshold per period by `perPeriodRate`. Default 0. */
  readonly requiredAnnual?: number | undefined;
  /** Result without a row below. Default NaN (empyrical, Nautilus); Infinity for vectorbt. */
  readonly noLosses?: WhenZero | undefined;
}

/** Omega ratio: gains above the threshold over losses below it (Keating and Shadwick, 2002; empyrical). NaN for less than two rows. */
export function omega(returns: Series, options: OmegaOptions = {}): number {
  if (returns.length < 2) return Number.NaN;
  const threshold = perPeriodRate(options.requiredAnnual ?? 0, options);
  let gains = 0;
  let losses = 0;
  for (const row of difference(returns, options.riskFree ?? 0)) {
    const excess = row - threshold;
    if (excess > 0) gains += excess;
    if (excess < 0) losses -= excess;
  }
  if (Number.isNaN(threshold)) return Number.NaN;
  return ratio(gains, losses, options.noLosses ?? Number.NaN);
}

/** `sharpe` of every full window, the first ending at row `window`: `rows - window + 1` values (empyrical `roll_sharpe_ratio`). */
export function rollingSharpe(
  returns: Series,
  window: number,
  options: SharpeOptions = {},
): Float64Array {
  return rolling(returns, window, (rows) => sharpe(rows, options));
}

/** `maxDrawdown` of every full window, each with its own first peak (empyrical `roll_max_drawdown`). */
export function rollingMaxDrawdown(returns: Series, window: number): Float64Array {
  return rolling(returns, window, (rows) => maxDrawdown(rows));
}

function rolling(returns: Series, window: number, measure: (rows: Series) => number): Float64Array {
  if (!Number.isSafeInteger(window) || window < 1)
    throw new RangeError(`Window is ${window}: it is a whole number of rows from 1`);
  const rows = Float64Array.from(returns);
  const count = Math.max(0, rows.length - window + 1);
  return Float64Array.from({ length: count }, (_, at) => measure(rows.subarray(at, at + window)));
}
