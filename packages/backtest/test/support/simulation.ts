import {
  type EquityPoint,
  type Fill,
  type Order,
  type RunConfig,
  resolveConfig,
  type SimulationResult,
  type Strategy,
  simulate,
  type Trade,
} from '@tb/backtest';
import type { Candle } from '@tb/schema';
import { historyOf, MINUTE, OPEN } from './candles.ts';

export interface Recorded {
  readonly orders: Order[];
  readonly trades: Trade[];
  readonly equity: EquityPoint[];
  readonly fills: Fill[];
  readonly result: SimulationResult;
}

export const config = (given: Partial<RunConfig> = {}): RunConfig => ({
  exchange: 'nse',
  symbols: ['A'],
  timeframe: '1m',
  from: OPEN,
  to: OPEN + 100_000n * MINUTE,
  startingCash: 1000,
  ...given,
});

/** Runs a strategy over candles in memory and keeps everything that happens. */
export async function simulated(
  strategy: Strategy,
  candles: readonly Candle[],
  given: Partial<RunConfig> = {},
  signal?: AbortSignal,
): Promise<Recorded> {
  const recorded = { orders: [], trades: [], equity: [], fills: [] } as Omit<Recorded, 'result'>;
  const watched: Strategy = {
    ...strategy,
    onCandle: strategy.onCandle.bind(strategy),
    onFill: (context, fill) => {
      recorded.fills.push(fill);
      strategy.onFill?.(context, fill);
    },
  };
  const sink = {
    order: (order: Order) => void recorded.orders.push(order),
    trade: (trade: Trade) => void recorded.trades.push(trade),
    equity: (point: EquityPoint) => void recorded.equity.push(point),
  };
  const history = historyOf(candles);
  const result = await simulate(watched, resolveConfig(config(given)), history, sink, signal);
  return { ...recorded, result };
}

/** A strategy that does one thing at the close of each given minute. */
export function scripted(
  steps: Readonly<Record<number, (context: Parameters<Strategy['onCandle']>[0]) => void>>,
): Strategy {
  return {
    onCandle: (context, candle) => {
      if (candle.symbol === context.symbols[0])
        steps[Number((candle.ts - OPEN) / MINUTE)]?.(context);
    },
  };
}
