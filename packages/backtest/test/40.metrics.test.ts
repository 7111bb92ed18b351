import { describe, expect, test } from '@jest/globals';
import {
  alpha,
  annualMeanReturn,
  annualReturn,
  annualVolatility,
  beta,
  cagr,
  calmar,
  conditionalValueAtRisk,
  conventions,
  dailyReturns,
  difference,
  downsideDeviation,
  drawdownSeries,
  expectancyRatio,
  informationRatio,
  largestDrawdown,
  maxDrawdown,
  omega,
  perPeriodRate,
  profitFactor,
  quantile,
  ratio,
  returnsOf,
  rollingSharpe,
  sharpe,
  sortino,
  standardDeviation,
  tailRatio,
  totalReturn,
  tradeCalmar,
  tradeDrawdown,
  tradeSharpe,
  tradeSortino,
  wholeDays,
  winRate,
  yearsBetween,
} from '@tb/backtest';

// Worked by hand: mean 0.01, deviations 0.01, 0.03, -0.04 -> squares sum 0.0026.
const RETURNS = [0.02, 0.04, -0.03];
const DAY = 86_400_000_000_000n;

describe('deviation', () => {
  test('of a sample and of a population', () => {
    expect(standardDeviation(RETURNS)).toBeCloseTo(Math.sqrt(0.0026 / 2), 14);
    expect(standardDeviation(RETURNS, { ddof: 0 })).toBeCloseTo(Math.sqrt(0.0026 / 3), 14);
    expect(annualVolatility(RETURNS, { periodsPerYear: 4 })).toBeCloseTo(2 * Math.sqrt(0.0013), 14);
  });

  test('is exactly 0 for equal rows, whatever the rounding of their mean', () => {
    expect(standardDeviation([0.1, 0.1, 0.1])).toBe(0);
    expect(standardDeviation([0.3, 0.1 + 0.2])).toBe(0);
    expect(standardDeviation([1, 1 + 1e-12])).toBeGreaterThan(0);
  });

  test('of too few rows is undefined; NaN rows are no rows', () => {
    expect(standardDeviation([1])).toBeNaN();
    expect(standardDeviation([])).toBeNaN();
    expect(standardDeviation([1, Number.NaN])).toBeNaN();
    expect(standardDeviation([1], { ddof: 0 })).toBe(0);
    expect(standardDeviation([...RETURNS, Number.NaN])).toBe(standardDeviation(RETURNS));
  });

  test('of losses: all rows or those below, about the required return or their mean', () => {
    const losses = [0.02, -0.01, -0.03];
    expect(downsideDeviation(losses)).toBeCloseTo(Math.sqrt(0.001 / 3), 14);
    expect(downsideDeviation(losses, { rows: 'below' })).toBeCloseTo(Math.sqrt(0.001 / 2), 14);
    expect(downsideDeviation(losses, { rows: 'below', ddof: 1 })).toBeCloseTo(Math.sqrt(0.001), 14);
    // Losses -0.01 and -0.03 about their mean: 0.01 each.
    expect(downsideDeviation(losses, { rows: 'below', about: 'mean' })).toBeCloseTo(0.01, 14);
    expect(downsideDeviation(losses, { rows: 'below', about: 'mean', ddof: 1 })).toBeCloseTo(
      Math.sqrt(0.0002),
      14,
    );
    // Rows 0, -0.01, -0.03 about -0.04 / 3, sample.
    expect(downsideDeviation(losses, { about: 'mean', ddof: 1 })).toBeCloseTo(
      0.015275252316519468,
      14,
    );
    expect(downsideDeviation(losses, { required: 0.02 })).toBeCloseTo(Math.sqrt(0.0034 / 3), 14);
    expect(downsideDeviation([0.01, 0])).toBe(0);
    expect(downsideDeviation([])).toBeNaN();
  });
});

describe('growth', () => {
  test('compounds', () => {
    expect(totalReturn([0.1, -0.5, 1])).toBeCloseTo(0.1, 14);
    expect(totalReturn([0.1, Number.NaN])).toBeCloseTo(0.1, 14);
    expect(returnsOf([100, 110, 55])).toEqual(Float64Array.of(110 / 100 - 1, 55 / 110 - 1));
    expect(returnsOf([100])).toHaveLength(0);
    expect(annualReturn([0.1, 0.1], { periodsPerYear: 4 })).toBeCloseTo(1.1 ** 4 - 1, 14);
    expect(annualMeanReturn([0.1, -0.1, 0.03], { periodsPerYear: 2 })).toBeCloseTo(
      1.01 ** 2 - 1,
      14,
    );
    expect(perPeriodRate(0.21, { periodsPerYear: 2 })).toBeCloseTo(0.1, 14);
    expect(perPeriodRate(-1)).toBeNaN();
  });

  test('a year is a choice: 365, 365.25 days, or periods', () => {
    const [from, to] = [0n, 1461n * DAY];
    expect(yearsBetween(from, to)).toBe(4);
    expect(yearsBetween(from, to, 365)).toBeCloseTo(1461 / 365, 14);
    expect(cagr(100, 200, 4)).toBeCloseTo(2 ** 0.25 - 1, 14);
    expect(cagr(100, 200, 0)).toBeNaN();
    expect(cagr(100, 0, 2)).toBe(-1);
    expect(cagr(100, -1, 2)).toBeNaN();
    expect(wholeDays(0n, 2n * DAY - 1n)).toBe(1);
    expect(wholeDays(0n, 1n)).toBe(1);
  });

  test('rows of one day compound to one row', () => {
    const times = [0n, 1n, DAY, 3n * DAY, 3n * DAY + 1n];
    const daily = dailyReturns(times, [0.1, 0.1, -0.5, Number.NaN, 0.2]);
    expect([...daily]).toEqual([0.21, -0.5, 0.2].map((value) => expect.closeTo(value, 14)));
    const sessions = dailyReturns(times, [0.1, 0.1, 0.1, 0, 0], () => 'one session');
    expect([...sessions]).toEqual([expect.closeTo(0.331, 14)]);
  });
});

describe('drawdown', () => {
  test('from the start value, or from the first row', () => {
    expect(maxDrawdown([-0.2, 0.1])).toBeCloseTo(-0.2, 14);
    expect(maxDrawdown([-0.2, 0.1], { firstPeak: 'first' })).toBe(0);
    expect(Object.is(maxDrawdown([0.1]), 0)).toBe(true);
    expect(maxDrawdown([])).toBeNaN();
    expect(maxDrawdown([-1, 0.5])).toBe(-1);
  });

  test('the largest by fraction and the largest by amount are different places', () => {
    const curve = [100, 50, 1000, 900];
    expect(largestDrawdown(curve)).toEqual({ relative: 0.5, absolute: 50, peakAt: 0, lowAt: 1 });
    expect(largestDrawdown(curve, { by: 'absolute' })).toEqual({
      relative: 0.1,
      absolute: 100,
      peakAt: 2,
      lowAt: 3,
    });
    expect(largestDrawdown([90, 95], { start: 100 })).toMatchObject({ peakAt: -1, lowAt: 0 });
    expect(largestDrawdown([])).toBeUndefined();
  });

  test('as a series', () => {
    expect([...drawdownSeries([100, 120, 90, 150])]).toEqual([0, 0, -0.25, 0]);
    expect([...drawdownSeries([90], { start: 100 })]).toEqual([expect.closeTo(-0.1, 14)]);
  });
});

describe('ratios', () => {
  test('by hand', () => {
    expect(sharpe(RETURNS, { periodsPerYear: 4 })).toBeCloseTo((0.01 / Math.sqrt(0.0013)) * 2, 12);
    expect(sharpe(RETURNS, { periodsPerYear: 1, ddof: 0, riskFree: 0.01 })).toBeCloseTo(0, 12);
    expect(sharpe(RETURNS, { periodsPerYear: 1, riskFree: [0.02, 0.02, 0.02] })).toBeCloseTo(
      -0.01 / Math.sqrt(0.0013),
      12,
    );
    expect(sortino(RETURNS, { periodsPerYear: 4 })).toBeCloseTo((0.01 / Math.sqrt(0.0003)) * 2, 12);
    expect(omega(RETURNS)).toBeCloseTo(2, 12);
    expect(calmar([0.5, -0.5], { periodsPerYear: 2 })).toBeCloseTo(-0.25 / 0.5, 12);
  });

  test('without deviation, each library has its own answer', () => {
    const up = [0.01, 0.01, 0.01];
    const still = [0, 0, 0];
    const answers = (rows: number[]): Record<string, number> =>
      Object.fromEntries(
        Object.entries(conventions).map(([name, convention]) => [
          name,
          sharpe(rows, convention.sharpe),
        ]),
      );
    expect(answers(up)).toEqual({
      empyrical: Infinity,
      nautilus: Number.NaN,
      vectorbt: Infinity,
      ffn: Number.NaN,
      lean: 0,
    });
    expect(answers(still)).toMatchObject({ empyrical: Number.NaN, vectorbt: Infinity, lean: 0 });
    expect(sharpe([-0.01, -0.01])).toBe(-Infinity);
    expect(sharpe(up, { zeroDeviation: -100 })).toBe(-100);
    expect(sortino(up, conventions.lean.sortino)).toBe(0);
    expect(sortino(up, conventions.nautilus.sortino)).toBeNaN();
    expect(omega(up, conventions.vectorbt.omega)).toBe(Infinity);
    expect(omega(up)).toBeNaN();
    expect(calmar(up)).toBeNaN();
  });

  test('of too few rows are undefined', () => {
    for (const measure of [sharpe, sortino, omega]) {
      expect(measure([0.01])).toBeNaN();
      expect(measure([])).toBeNaN();
    }
  });

  test('over a window: one value for each full one', () => {
    expect(rollingSharpe(RETURNS, 2)).toHaveLength(2);
    expect(rollingSharpe(RETURNS, 3)[0]).toBe(sharpe(RETURNS));
    expect(rollingSharpe(RETURNS, 4)).toHaveLength(0);
    expect(() => rollingSharpe(RETURNS, 0)).toThrow(RangeError);
  });

  test('series of unequal length are refused', () => {
    expect(() => difference([1, 2], [1])).toThrow(RangeError);
  });

  test('a division by zero gives what was asked for, and never hides an undefined numerator', () => {
    expect(ratio(1, 0)).toBe(Infinity);
    expect(ratio(1, 0, 10)).toBe(10);
    expect(ratio(Number.NaN, 0, 10)).toBeNaN();
    expect(ratio(1, Number.NaN, 10)).toBeNaN();
    expect(ratio(1, 2, 10)).toBe(0.5);
  });
});

describe('tails and benchmarks', () => {
  test('quantiles are linear between rows', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([1, Number.NaN], 0.05)).toBe(1);
    expect(quantile([], 0.5)).toBeNaN();
    expect(() => quantile([1], 1.1)).toThrow(RangeError);
    expect(conditionalValueAtRisk([-0.3, -0.1, 0, 0.1], 0.5)).toBeCloseTo(-0.2, 14);
    expect(conditionalValueAtRisk([])).toBeNaN();
    expect(tailRatio([-1, 0, 2])).toBeCloseTo(1.8 / 0.9, 12);
  });

  test('twice the benchmark has beta 2, alpha 0', () => {
    const benchmark = [0.01, -0.02, 0.03, Number.NaN];
    const twice = benchmark.map((value) => 2 * value);
    expect(beta(twice, benchmark)).toBeCloseTo(2, 12);
    expect(alpha(twice, benchmark)).toBeCloseTo(0, 12);
    expect(
      alpha(
        twice.map((value) => value + 0.001),
        benchmark,
        { periodsPerYear: 2 },
      ),
    ).toBeCloseTo(1.001 ** 2 - 1, 12);
    expect(beta(twice, [1, 1, 1, 1])).toBeNaN();
    expect(informationRatio([0.02, 0.04], [0.01, 0.01])).toBeCloseTo(0.02 / Math.sqrt(0.0002), 12);
    expect(informationRatio([0.02, 0.02], [0.01, 0.01], { zeroDeviation: 0 })).toBe(0);
  });
});

describe('trades', () => {
  const pnls = [10, -5, 15, -10, 0];

  test('by hand', () => {
    expect(winRate(pnls)).toBe(0.4);
    expect(profitFactor(pnls)).toBeCloseTo(25 / 15, 14);
    expect(expectancyRatio([10, -5])).toBeCloseTo((1 + 2) * 0.5 - 1, 14);
    expect(expectancyRatio([-5])).toBe(-1);
    expect(tradeDrawdown(pnls, { startingBalance: 100 })).toEqual({
      absolute: 10,
      relative: 10 / 120,
    });
    expect(tradeDrawdown([-5, 1], { startingBalance: 100 }).absolute).toBe(0);
    expect(tradeDrawdown([-5, 1], { startingBalance: 100, firstPeak: 'start' }).absolute).toBe(5);
  });

  test('without losses or without trades, each library has its own answer', () => {
    expect(profitFactor([1])).toBeNaN();
    expect(profitFactor([1], conventions.lean.profitFactor)).toBe(10);
    expect(profitFactor([], conventions.lean.profitFactor)).toBe(0);
    expect(profitFactor([1], { noLosses: 'ieee' })).toBe(Infinity);
    expect(profitFactor([-1], conventions.lean.profitFactor)).toBe(0);
    expect(expectancyRatio([1], { noLosses: 100 })).toBe(100);
    expect(winRate([])).toBeNaN();
    expect(tradeDrawdown([], { startingBalance: 1 })).toEqual({ absolute: 0, relative: 0 });
  });

  test('ratios of trades', () => {
    const options = { startingBalance: 100, days: 2, daysPerYear: 4 };
    // Shares 0.1, -0.05: sum 0.05, 0.025 a day; population deviation 0.075.
    expect(tradeSharpe([10, -5], options)).toBeCloseTo((0.025 / 0.075) * 2, 12);
    expect(tradeSortino([10, -5, -15], options)).toBeCloseTo((-0.05 / 0.05) * 2, 12);
    expect(tradeCalmar([10, -5], options)).toBeCloseTo((2.5 / (5 / 110)) * 2, 12);
    expect(tradeSharpe([5, 5], options)).toBe(-100);
    expect(tradeSortino([5, 5], options)).toBe(-100);
    expect(tradeCalmar([5, 5], options)).toBe(-100);
    expect(tradeSharpe([], options)).toBeNaN();
  });

  test('the order of trades that close together decides the drawdown: sort by (time, id)', () => {
    const [win, loss] = [3, -4];
    const fall = (order: number[]): number =>
      tradeDrawdown([10, ...order, -1], { startingBalance: 100 }).absolute;
    expect([fall([win, loss]), fall([loss, win])]).toEqual([5, 4]);
  });
});
