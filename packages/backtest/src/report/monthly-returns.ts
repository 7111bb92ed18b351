/** Return of one UTC month, as a fraction. */
export interface MonthlyReturn {
  readonly year: string;
  /** 1 to 12. */
  readonly month: number;
  readonly value: number;
}

/** Each month's last equity over that of the month before; the first over the starting cash. Months ascending. */
export function monthlyReturns(
  startingCash: number,
  months: readonly { readonly month: string; readonly equity: number }[],
): readonly MonthlyReturn[] {
  let before = startingCash;
  return months.map(({ month, equity }) => {
    const value = equity / before - 1;
    before = equity;
    return { year: month.slice(0, 4), month: Number(month.slice(5, 7)), value };
  });
}

/** One row a year, compounded over its months. */
export function yearlyReturns(
  months: readonly MonthlyReturn[],
): readonly { readonly year: string; readonly value: number }[] {
  const years = new Map<string, number>();
  for (const { year, value } of months)
    years.set(year, (1 + (years.get(year) ?? 0)) * (1 + value) - 1);
  return [...years].map(([year, value]) => ({ year, value }));
}
