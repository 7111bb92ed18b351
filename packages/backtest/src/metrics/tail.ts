import { presentOf, ratio, type Series, type WhenZero } from './series.ts';

/** Value below which a fraction of the rows lie, linear between neighbours (numpy `percentile`, default). NaN for no rows. */
export function quantile(series: Series, fraction: number): number {
  if (!(fraction >= 0 && fraction <= 1))
    throw new RangeError(`Quantile ${fraction} is not a fraction from 0 to 1`);
  const values = presentOf(series).sort((a, b) => a - b);
  const at = (values.length - 1) * fraction;
  const below = values[Math.floor(at)];
  const above = values[Math.ceil(at)];
  if (below === undefined || above === undefined) return Number.NaN;
  return below + (above - below) * (at - Math.floor(at));
}

/** Historical value at risk: the return that a `cutoff` of the periods is worse than (empyrical). Default cutoff 0.05. */
export function valueAtRisk(returns: Series, cutoff = 0.05): number {
  return quantile(returns, cutoff);
}

/** Mean of the worst `cutoff` of the rows, at least one (empyrical `conditional_value_at_risk`; expected shortfall). */
export function conditionalValueAtRisk(returns: Series, cutoff = 0.05): number {
  const values = presentOf(returns).sort((a, b) => a - b);
  const count = Math.floor((values.length - 1) * cutoff) + 1;
  return (
    values.slice(0, count).reduce((sum, value) => sum + value, 0) / Math.min(count, values.length)
  );
}

/** `|95th percentile| / |5th percentile|` (empyrical `tail_ratio`). */
export function tailRatio(returns: Series, options: { readonly zeroTail?: WhenZero } = {}): number {
  return ratio(
    Math.abs(quantile(returns, 0.95)),
    Math.abs(quantile(returns, 0.05)),
    options.zeroTail,
  );
}
