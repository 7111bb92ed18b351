import type { Series } from './series.ts';

/** Return of each row over the row before it: `value / before - 1`; one row fewer than `values`. NaN rows give NaN. */
export function returnsOf(values: Series): Float64Array {
  const returns = new Float64Array(Math.max(0, values.length - 1));
  for (let at = 1; at < values.length; at += 1) returns[at - 1] = values[at]! / values[at - 1]! - 1;
  return returns;
}

/**
 * Growth of 1 through the returns, one value per row; a NaN row changes nothing (empyrical `cum_returns`).
 * @param start What it grows from. Default 1.
 */
export function growthOf(returns: Series, start = 1): Float64Array {
  let value = start;
  return Float64Array.from(returns, (row) => {
    if (!Number.isNaN(row)) value *= 1 + row;
    return value;
  });
}

/** Compounded return of all rows, as a fraction; NaN for no rows (empyrical `cum_returns_final`, vectorbt, ffn). */
export function totalReturn(returns: Series): number {
  if (returns.length === 0) return Number.NaN;
  return growthOf(returns)[returns.length - 1]! - 1;
}

/**
 * Returns compounded to one row a day (Nautilus does this by UTC day before every ratio).
 *
 * @param dayOf Day of a row's time; rows of a day are adjacent.
 * @returns One row a day that has a row, in the order of the rows.
 */
export function dailyReturns(
  times: ArrayLike<bigint>,
  returns: Series,
  dayOf: (ts: bigint) => string = utcDayOf,
): Float64Array {
  const days: number[] = [];
  let last: string | undefined;
  for (let at = 0; at < returns.length; at += 1) {
    const day = dayOf(times[at]!);
    if (day !== last) days.push(0);
    last = day;
    const newest = days.length - 1;
    if (!Number.isNaN(returns[at]!)) days[newest] = (1 + days[newest]!) * (1 + returns[at]!) - 1;
  }
  return Float64Array.from(days);
}

/** `YYYY-MM-DD` in UTC of a time in ns. */
export function utcDayOf(ts: bigint): string {
  return new Date(Number(ts / 1_000_000n)).toISOString().slice(0, 10);
}
