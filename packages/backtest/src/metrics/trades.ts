import { largestDrawdown } from './drawdown.ts';
import { mean, ratio, type Series, standardDeviation, type WhenZero } from './series.ts';

/** Counts and sums of closed trades. A trade of exactly 0 is neither a win nor a loss here; it counts as a trade. */
export interface TradeSummary {
  readonly count: number;
  readonly wins: number;
  readonly losses: number;
  /** Money; `grossLoss` is <= 0. */
  readonly grossProfit: number;
  readonly grossLoss: number;
}

/** @param pnls Money, one a trade. */
export function summariseTrades(pnls: Series): TradeSummary {
  const summary = { count: pnls.length, wins: 0, losses: 0, grossProfit: 0, grossLoss: 0 };
  for (let at = 0; at < pnls.length; at += 1) {
    const pnl = pnls[at]!;
    if (pnl > 0) {
      summary.wins += 1;
      summary.grossProfit += pnl;
    } else if (pnl < 0) {
      summary.losses += 1;
      summary.grossLoss += pnl;
    }
  }
  return summary;
}

/** Winning trades over all trades. NaN without trades (LEAN and Nautilus: 0). */
export function winRate(pnls: Series): number {
  const { wins, count } = summariseTrades(pnls);
  return wins / count;
}

/**
 * Gross profit over gross loss.
 * @param options `noLosses`: result with profit and no loss, default NaN (Nautilus); 10 for LEAN, `ieee` for Infinity.
 *   `neither`: with neither profit nor loss, default NaN; 0 for LEAN.
 */
export function profitFactor(
  pnls: Series,
  options: { readonly noLosses?: WhenZero | undefined; readonly neither?: number | undefined } = {},
): number {
  const { grossProfit, grossLoss } = summariseTrades(pnls);
  if (grossProfit === 0 && grossLoss === 0) return options.neither ?? Number.NaN;
  return ratio(grossProfit, Math.abs(grossLoss), options.noLosses ?? Number.NaN);
}

/** Mean money a trade (freqtrade; LEAN `AverageProfitLoss`; Nautilus, as wins and losses weighted by their rates). NaN without trades. */
export function expectancy(pnls: Series): number {
  return mean(pnls);
}

/**
 * `(1 + average win / average loss) * win rate - 1`: money won for each unit risked (freqtrade; Tharp, 1998).
 * @param options `noLosses`: result without a losing trade, default NaN; 100 for freqtrade.
 */
export function expectancyRatio(
  pnls: Series,
  options: { readonly noLosses?: number | undefined } = {},
): number {
  const { wins, losses, grossProfit, grossLoss } = summariseTrades(pnls);
  if (losses === 0) return options.noLosses ?? Number.NaN;
  const averageWin = wins === 0 ? 0 : grossProfit / wins;
  return (1 + averageWin / (-grossLoss / losses)) * winRate(pnls) - 1;
}

export interface TradeReturnOptions {
  /** Money at the start: every trade is measured against it, not against what it had become. */
  readonly startingBalance: number;
  /** Days that the trades cover: `wholeDays(first open, last close)`. */
  readonly days: number;
  /** Days in a year. Default 365. */
  readonly daysPerYear?: number | undefined;
  /** Result when the trades do not deviate. Default -100. */
  readonly zeroDeviation?: WhenZero | undefined;
}

/**
 * Sharpe ratio of trades as freqtrade defines it: `sum(pnl / start) / days`, over the population deviation (ddof 0) of
 * `pnl / start` over the TRADES, times `sqrt(daysPerYear)`. Not comparable with `sharpe`, whose rows are periods.
 */
export function tradeSharpe(pnls: Series, options: TradeReturnOptions): number {
  return tradeRatio(pnls, options, (shares) => standardDeviation(shares, { ddof: 0 }));
}

/** The same over the population deviation of the losing trades alone (freqtrade). */
export function tradeSortino(pnls: Series, options: TradeReturnOptions): number {
  return tradeRatio(pnls, options, (shares) => {
    const losses = shares.filter((share) => share < 0);
    return losses.length === 0 ? 0 : standardDeviation(losses, { ddof: 0 });
  });
}

/**
 * Calmar ratio of trades (freqtrade): `100 * total / days`, over the relative drawdown at the largest absolute one, times
 * `sqrt(daysPerYear)`. Depends on the order of trades that close together: sort by (exit time, id) first.
 */
export function tradeCalmar(pnls: Series, options: TradeReturnOptions): number {
  const shares = Float64Array.from(pnls, (pnl) => pnl / options.startingBalance);
  const total = shares.reduce((sum, share) => sum + share, 0);
  const fall = tradeDrawdown(pnls, { startingBalance: options.startingBalance });
  const annual = Math.sqrt(options.daysPerYear ?? 365);
  const mean100 = (100 * total) / options.days;
  if (fall.relative === 0) return ratio(mean100, 0, options.zeroDeviation ?? -100);
  return (mean100 / fall.relative) * annual;
}

export interface TradeDrawdown {
  /** Money from the peak to the low, from 0 (LEAN gives it negative). */
  readonly absolute: number;
  /** Of the balance at the peak. */
  readonly relative: number;
}

export interface TradeDrawdownOptions {
  readonly startingBalance: number;
  /** Largest by money (default) or by fraction: freqtrade has both. */
  readonly by?: 'absolute' | 'relative' | undefined;
  /** The `first` cumulative value, so that an initial loss does not count (default, freqtrade), or the `start` (LEAN). */
  readonly firstPeak?: 'first' | 'start' | undefined;
}

/** Largest fall of the balance over closed trades, in the order given. Both 0 without trades. */
export function tradeDrawdown(pnls: Series, options: TradeDrawdownOptions): TradeDrawdown {
  const { startingBalance, by = 'absolute', firstPeak = 'first' } = options;
  let balance = startingBalance;
  const balances = Float64Array.from(pnls, (pnl) => {
    balance += pnl;
    return balance;
  });
  const start = firstPeak === 'start' ? startingBalance : undefined;
  const largest = largestDrawdown(balances, { start, by });
  return { absolute: largest?.absolute ?? 0, relative: largest?.relative ?? 0 };
}

function tradeRatio(
  pnls: Series,
  options: TradeReturnOptions,
  deviationOf: (shares: Float64Array) => number,
): number {
  if (pnls.length === 0) return Number.NaN;
  const shares = Float64Array.from(pnls, (pnl) => pnl / options.startingBalance);
  const daily = shares.reduce((sum, share) => sum + share, 0) / options.days;
  const deviation = deviationOf(shares);
  if (deviation === 0) return ratio(daily, 0, options.zeroDeviation ?? -100);
  return (daily / deviation) * Math.sqrt(options.daysPerYear ?? 365);
}
