import { annualVolatility } from './metrics/deviation.ts';
import { maxDrawdown } from './metrics/drawdown.ts';
import { annualReturn, cagr, yearsBetween } from './metrics/growth.ts';
import { calmar, sharpe, sortino } from './metrics/ratios.ts';
import { returnsOf } from './metrics/returns.ts';
import { valueAtRisk } from './metrics/tail.ts';
import { expectancy, profitFactor, summariseTrades, winRate } from './metrics/trades.ts';
import type { Order } from './order.ts';
import type { ResolvedConfig } from './run-config.ts';
import type { EquityPoint } from './simulate.ts';
import type { Trade } from './trade.ts';

/** One figure of a run. `convention` names the formula and its choices, so that it can be compared with another library's. */
export interface RunMetric {
  readonly name: string;
  /** NaN where it is undefined: no trades, no deviation, no time. Never infinite. */
  readonly value: number;
  readonly convention: string;
}

/** Collects what the metrics of a run need: one number a day and one a trade, whatever the number of candles. */
export class RunTally {
  readonly #config: ResolvedConfig;
  readonly #dayOf: (ts: bigint) => string;
  /** Starting cash, then the last equity of each day. */
  readonly #daily: number[];
  readonly #pnls: number[] = [];
  readonly #orders = { filled: 0, rejected: 0 };
  #day: string | undefined;
  #first: EquityPoint | undefined;
  #last: EquityPoint | undefined;
  #points = 0;
  #exposedPoints = 0;
  #deepest = 0;

  /** @param dayOf Trading date of a candle; the daily returns go by it. */
  constructor(config: ResolvedConfig, dayOf: (ts: bigint) => string) {
    this.#config = config;
    this.#dayOf = dayOf;
    this.#daily = [config.startingCash];
  }

  order(order: Order): void {
    if (order.state === 'filled') this.#orders.filled += 1;
    if (order.state === 'rejected') this.#orders.rejected += 1;
  }

  trade(trade: Trade): void {
    this.#pnls.push(trade.pnl);
  }

  equity(point: EquityPoint): void {
    const day = this.#dayOf(point.ts);
    if (day === this.#day) this.#daily[this.#daily.length - 1] = point.equity;
    else this.#daily.push(point.equity);
    this.#day = day;
    this.#first ??= point;
    this.#last = point;
    this.#points += 1;
    if (!point.isFlat) this.#exposedPoints += 1;
    this.#deepest = Math.min(this.#deepest, point.drawdown);
  }

  /** @param fees Money paid in all. */
  metrics(candles: number, fees: number): readonly RunMetric[] {
    return [
      ...this.#growth(),
      ...this.#risk(),
      ...this.#trading(fees),
      ...this.#counts(candles),
    ].map((metric) => (Number.isFinite(metric.value) ? metric : { ...metric, value: Number.NaN }));
  }

  #growth(): RunMetric[] {
    const start = this.#config.startingCash;
    const end = this.#last?.equity ?? start;
    const years = this.#first && this.#last ? yearsBetween(this.#first.ts, this.#last.ts) : 0;
    return [
      metric('finalEquity', end, 'money, open positions at their last close'),
      metric('totalReturn', end / start - 1, 'final equity / starting cash - 1'),
      metric(
        'cagr',
        cagr(start, end, years),
        '(final / start) ^ (1 / years) - 1, years of 365.25 days from first to last candle',
      ),
    ];
  }

  #risk(): RunMetric[] {
    const { periodsPerYear } = this.#config;
    // A return on nothing or on a debt is none, and leaving such days out would flatter the rest.
    const isSolvent = this.#daily.every((equity) => equity > 0);
    const returns = isSolvent ? returnsOf(this.#daily) : [];
    const daily = `daily returns by trading date, ${periodsPerYear} a year`;
    const zeroDeviation = Number.NaN;
    return [
      metric('annualReturn', annualReturn(returns, { periodsPerYear }), `geometric, ${daily}`),
      metric(
        'annualVolatility',
        annualVolatility(returns, { periodsPerYear }),
        `sample deviation (ddof 1), ${daily}`,
      ),
      metric(
        'sharpe',
        sharpe(returns, { periodsPerYear, zeroDeviation }),
        `mean / deviation (ddof 1), risk free 0, ${daily}; undefined without deviation`,
      ),
      metric(
        'sortino',
        sortino(returns, { periodsPerYear, zeroDeviation }),
        `downside over all rows, required 0, ${daily}; undefined without a loss`,
      ),
      metric(
        'calmar',
        calmar(returns, { periodsPerYear }),
        `annual return / largest drawdown of days, ${daily}; undefined without a drawdown`,
      ),
      metric(
        'maxDrawdown',
        this.#deepest,
        'negative fraction of the highest equity, over every candle, starting cash included',
      ),
      metric(
        'maxDrawdownDaily',
        maxDrawdown(returns),
        `negative fraction, over ${daily}, starting cash included`,
      ),
      metric('valueAtRisk', valueAtRisk(returns), `5th percentile of ${daily}`),
    ];
  }

  #trading(fees: number): RunMetric[] {
    const { count, wins, losses, grossProfit, grossLoss } = summariseTrades(this.#pnls);
    return [
      metric('tradeCount', count, 'round trips, first opened first closed'),
      metric('winRate', winRate(this.#pnls), 'trades with a profit after fees / all trades'),
      metric(
        'profitFactor',
        profitFactor(this.#pnls),
        'gross profit / gross loss after fees; undefined without a loss',
      ),
      metric('expectancy', expectancy(this.#pnls), 'money, mean profit after fees a trade'),
      metric('averageWin', grossProfit / wins, 'money, after fees'),
      metric('averageLoss', grossLoss / losses, 'money, after fees, negative'),
      metric('fees', fees, 'money'),
    ];
  }

  #counts(candles: number): RunMetric[] {
    return [
      metric('ordersFilled', this.#orders.filled, 'orders'),
      metric('ordersRejected', this.#orders.rejected, 'orders'),
      metric('candles', candles, 'candles read'),
      metric('tradingDays', this.#daily.length - 1, 'trading dates with a candle'),
      metric(
        'exposure',
        this.#exposedPoints / this.#points,
        'part of the candle times with an open position',
      ),
    ];
  }
}

function metric(name: string, value: number, convention: string): RunMetric {
  return { name, value, convention };
}
