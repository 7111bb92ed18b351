import type { Annualisation } from './growth.ts';
import {
  difference,
  mean,
  ratio,
  type ScalarOrSeries,
  type Series,
  standardDeviation,
  type WhenZero,
} from './series.ts';

/** Mean active return over its deviation, per period (empyrical `excess_sharpe`, vectorbt, ffn; ffn gives 0 at zero deviation). */
export function informationRatio(
  returns: Series,
  benchmark: Series,
  options: { readonly ddof?: 0 | 1; readonly zeroDeviation?: WhenZero } = {},
): number {
  if (returns.length < 2) return Number.NaN;
  const active = difference(returns, benchmark);
  return ratio(mean(active), standardDeviation(active, options), options.zeroDeviation);
}

/** Covariance with the benchmark over its variance, rows with both values (empyrical `beta`). NaN when the benchmark is flat. */
export function beta(returns: Series, benchmark: Series, riskFree: ScalarOrSeries = 0): number {
  const [own, market] = paired(difference(returns, riskFree), difference(benchmark, riskFree));
  if (own.length < 2) return Number.NaN;
  const center = mean(market);
  const covariance = mean(own.map((value, at) => value * (market[at]! - center)));
  const variance = mean(market.map((value) => (value - center) ** 2));
  return ratio(covariance, variance, Number.NaN);
}

/** `(1 + mean(r - riskFree - beta * (b - riskFree))) ^ periodsPerYear - 1` (empyrical `alpha`; Jensen, 1968). */
export function alpha(
  returns: Series,
  benchmark: Series,
  options: Annualisation & { readonly riskFree?: ScalarOrSeries | undefined } = {},
): number {
  const riskFree = options.riskFree ?? 0;
  const slope = beta(returns, benchmark, riskFree);
  const market = difference(benchmark, riskFree);
  const rows = difference(
    difference(returns, riskFree),
    market.map((value) => slope * value),
  );
  return (1 + mean(rows)) ** (options.periodsPerYear ?? 252) - 1;
}

function paired(left: Series, right: Series): [number[], number[]] {
  const own: number[] = [];
  const other: number[] = [];
  for (let at = 0; at < left.length; at += 1) {
    if (Number.isNaN(left[at]!) || Number.isNaN(right[at]!)) continue;
    own.push(left[at]!);
    other.push(right[at]!);
  }
  return [own, other];
}
