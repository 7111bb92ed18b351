/**
 * A column of numbers. NaN marks a row without a value: it counts as a row where a formula says so, and is skipped
 * everywhere else.
 */
export type Series = ArrayLike<number>;

/** A constant, or one value per row. */
export type ScalarOrSeries = number | Series;

/** The rows that have a value. */
export function presentOf(series: Series): number[] {
  const values: number[] = [];
  for (let at = 0; at < series.length; at += 1)
    if (!Number.isNaN(series[at]!)) values.push(series[at]!);
  return values;
}

/** `series - other`, row by row; a row that lacks either is NaN. @throws RangeError when the lengths differ. */
export function difference(series: Series, other: ScalarOrSeries): Float64Array {
  if (typeof other !== 'number' && other.length !== series.length)
    throw new RangeError(`Two series have ${series.length} and ${other.length} rows: as many each`);
  return Float64Array.from(series, (value, at) =>
    typeof other === 'number' ? value - other : value - other[at]!,
  );
}

/** Arithmetic mean of the rows that have a value; NaN when there are none. */
export function mean(series: Series): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < series.length; at += 1) {
    const value = series[at]!;
    if (Number.isNaN(value)) continue;
    sum += value;
    count += 1;
  }
  return sum / count;
}

/**
 * Standard deviation of the rows that have a value.
 *
 * @param options `ddof` is taken from the count: 1 for a sample (default; empyrical, Nautilus, LEAN, vectorbt), 0 for
 *   the population (freqtrade).
 * @returns Exactly 0 for equal rows: the rounding of their mean is no deviation. NaN for no more rows than `ddof`.
 */
export function standardDeviation(series: Series, options: { readonly ddof?: 0 | 1 } = {}): number {
  const values = presentOf(series);
  const degrees = values.length - (options.ddof ?? 1);
  if (degrees <= 0) return Number.NaN;
  if (isConstant(values)) return 0;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / degrees);
}

/**
 * Whether all values are one value but for rounding: their spread is at most 4 units in the last place. The bound is
 * ffn's; without it `0.1 + 0.2` beside `0.3` gives a Sharpe ratio of 10^15.
 */
function isConstant(values: readonly number[]): boolean {
  let lowest = Infinity;
  let highest = -Infinity;
  for (const value of values) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  const scale = Math.max(Math.abs(lowest), Math.abs(highest));
  return highest - lowest <= 4 * Number.EPSILON * scale;
}

/** A number that stands for an undefined result, or `ieee`: what division by zero gives, +-Infinity, or NaN for 0 / 0. */
export type WhenZero = number | 'ieee';

/** `numerator / denominator`; a denominator of exactly 0 gives what the convention says. NaN stays NaN. */
export function ratio(numerator: number, denominator: number, whenZero: WhenZero = 'ieee'): number {
  if (denominator !== 0 || whenZero === 'ieee' || Number.isNaN(numerator))
    return numerator / denominator;
  return whenZero;
}
