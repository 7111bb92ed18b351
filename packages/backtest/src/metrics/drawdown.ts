import { growthOf } from './returns.ts';
import type { Series } from './series.ts';

export interface Drawdown {
  /** Fraction below the peak, from 0. */
  readonly relative: number;
  /** In the unit of the values, from 0. */
  readonly absolute: number;
  /** Row of the peak; -1 when the peak is the start value, before the first row. */
  readonly peakAt: number;
  /** Row of the low. */
  readonly lowAt: number;
}

export interface DrawdownOptions {
  /**
   * Value before the first row: the first peak, so that an initial loss counts (empyrical, LEAN). Default: none, the
   * first row is the first peak (ffn, vectorbt, freqtrade), and an initial loss does not count.
   */
  readonly start?: number | undefined;
  /** Which fall is the largest: by fraction (default) or by amount. They can be different places in a curve. */
  readonly by?: 'relative' | 'absolute' | undefined;
}

const NONE: Drawdown = { relative: 0, absolute: 0, peakAt: 0, lowAt: 0 };

/**
 * The largest fall of a curve of values (equity, prices) from a peak to a later low. NaN rows are skipped. The first of
 * equal falls.
 *
 * @returns `relative` is `absolute / peak`; undefined when there is no row.
 */
export function largestDrawdown(
  values: Series,
  options: DrawdownOptions = {},
): Drawdown | undefined {
  const by = options.by ?? 'relative';
  let peak = options.start;
  let peakAt = -1;
  let largest: Drawdown | undefined;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at]!;
    if (Number.isNaN(value)) continue;
    largest ??= NONE;
    if (peak === undefined || value > peak) {
      peak = value;
      peakAt = at;
    }
    const absolute = peak - value;
    const fall: Drawdown = {
      relative: absolute === 0 ? 0 : absolute / peak,
      absolute,
      peakAt,
      lowAt: at,
    };
    if (fall[by] > largest[by]) largest = fall;
  }
  return largest;
}

/**
 * Largest drawdown of a series of returns: a negative fraction, 0 when it never falls, NaN for no rows
 * (empyrical `max_drawdown`).
 *
 * @param options `firstPeak`: the `start` value, default; or the `first` row (vectorbt).
 */
export function maxDrawdown(
  returns: Series,
  options: { readonly firstPeak?: 'start' | 'first' | undefined } = {},
): number {
  const start = options.firstPeak === 'first' ? undefined : 1;
  const largest = returns.length === 0 ? undefined : largestDrawdown(growthOf(returns), { start });
  return largest === undefined ? Number.NaN : -largest.relative || 0;
}

/** Fraction below the highest value so far, one a row, <= 0 (ffn `to_drawdown_series`). */
export function drawdownSeries(
  values: Series,
  options: Pick<DrawdownOptions, 'start'> = {},
): Float64Array {
  let peak = options.start ?? -Infinity;
  return Float64Array.from(values, (value) => {
    if (value > peak) peak = value;
    return value / peak - 1;
  });
}
