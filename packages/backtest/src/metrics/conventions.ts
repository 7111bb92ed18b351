import type { VolatilityOptions } from './deviation.ts';
import type { CalmarOptions, OmegaOptions, SharpeOptions, SortinoOptions } from './ratios.ts';
import type { WhenZero } from './series.ts';

/** The options that make the functions of this package give what another library gives. */
export interface MetricConvention {
  readonly volatility: VolatilityOptions;
  readonly sharpe: SharpeOptions;
  readonly sortino: SortinoOptions;
  readonly calmar: CalmarOptions;
  readonly omega: OmegaOptions;
  readonly maxDrawdown: { readonly firstPeak: 'start' | 'first' };
  readonly profitFactor: { readonly noLosses: WhenZero; readonly neither: number };
  /** For `yearsBetween`; undefined where years are rows / periods (`annualReturn`). */
  readonly daysPerYear: number | undefined;
}

const EMPYRICAL: MetricConvention = {
  volatility: { periodsPerYear: 252, ddof: 1 },
  sharpe: { periodsPerYear: 252, ddof: 1, zeroDeviation: 'ieee' },
  sortino: { periodsPerYear: 252, zeroDeviation: 'ieee' },
  calmar: { periodsPerYear: 252, firstPeak: 'start', zeroDrawdown: Number.NaN },
  omega: { periodsPerYear: 252, noLosses: Number.NaN },
  maxDrawdown: { firstPeak: 'start' },
  profitFactor: { noLosses: Number.NaN, neither: Number.NaN },
  daysPerYear: undefined,
};

/**
 * By library. Read from their sources: quantopian/empyrical 40f61b4 stats.py; nautechsystems/nautilus_trader
 * crates/analysis, on returns compounded by UTC day (`dailyReturns`); polakowo/vectorbt returns/nb.py; pmorissette/ffn
 * core.py, on `returnsOf(prices)`; QuantConnect/Lean Common/Statistics. freqtrade's ratios are over trades, a formula of
 * their own: `tradeSharpe`, `tradeSortino`, `tradeCalmar`, `tradeDrawdown`.
 */
export const conventions: Readonly<
  Record<'empyrical' | 'nautilus' | 'vectorbt' | 'ffn' | 'lean', MetricConvention>
> = {
  empyrical: EMPYRICAL,
  nautilus: {
    ...EMPYRICAL,
    sharpe: { periodsPerYear: 252, ddof: 1, zeroDeviation: Number.NaN },
    sortino: { periodsPerYear: 252, zeroDeviation: Number.NaN },
  },
  vectorbt: {
    volatility: { periodsPerYear: 365, ddof: 1 },
    sharpe: { periodsPerYear: 365, ddof: 1, zeroDeviation: Infinity },
    sortino: { periodsPerYear: 365, zeroDeviation: Infinity },
    calmar: { periodsPerYear: 365, firstPeak: 'first', zeroDrawdown: Number.NaN },
    omega: { periodsPerYear: 365, noLosses: Infinity },
    maxDrawdown: { firstPeak: 'first' },
    profitFactor: { noLosses: Infinity, neither: Number.NaN },
    daysPerYear: undefined,
  },
  ffn: {
    ...EMPYRICAL,
    sharpe: { periodsPerYear: 252, ddof: 1, zeroDeviation: Number.NaN },
    sortino: { periodsPerYear: 252, about: 'mean', ddof: 1, zeroDeviation: Number.NaN },
    maxDrawdown: { firstPeak: 'start' },
    daysPerYear: 365.25,
  },
  lean: {
    ...EMPYRICAL,
    sharpe: { periodsPerYear: 252, ddof: 1, zeroDeviation: 0 },
    sortino: { periodsPerYear: 252, rows: 'below', about: 'mean', ddof: 1, zeroDeviation: 0 },
    profitFactor: { noLosses: 10, neither: 0 },
    daysPerYear: 365,
  },
};
