import type { Candle } from '@tb/schema';
import type { ParameterValues } from '../parameters.ts';
import type { Strategy, StrategyContext, StrategyDefinition } from '../strategy.ts';
import { RollingWindow } from './rolling-window.ts';
import { equalShare, orderTarget } from './sizing.ts';

/**
 * Buys, by a limit order at the close, what has fallen `entry` deviations below its mean; sells it at market when it is
 * back at the mean. A stop order `stop` below the entry price guards every position. Long only.
 */
export const meanReversion: StrategyDefinition = {
  id: 'mean-reversion',
  version: '1',
  description: 'Buys what has fallen far below its mean, sells it at the mean, with a stop',
  parameters: {
    window: { type: 'integer', default: 20, min: 2, max: 10_000, description: 'candles' },
    entry: {
      type: 'number',
      default: 2,
      min: 0,
      max: 100,
      description: 'standard deviations below the mean',
    },
    stop: {
      type: 'number',
      default: 0.02,
      min: 0,
      max: 1,
      description: 'fraction below the entry price; 0 for no stop',
    },
    fraction: {
      type: 'number',
      default: 0.9,
      min: 0,
      max: 100,
      description: 'part of the equity invested, over all symbols',
    },
  },
  create: (parameters) => createReversion(parameters),
};

function createReversion(parameters: ParameterValues): Strategy {
  const { window, entry, stop, fraction } = parameters as {
    window: number;
    entry: number;
    stop: number;
    fraction: number;
  };
  const closes = new Map<string, RollingWindow>();
  const enter = (context: StrategyContext, candle: Candle): void => {
    const { symbol, close } = candle;
    const quantity = equalShare(context, symbol, fraction);
    if (quantity > 0)
      context.submit({ type: 'limit', symbol, side: 'buy', quantity, limitPrice: close });
  };
  return {
    onStart: (context) => {
      for (const symbol of context.symbols) closes.set(symbol, new RollingWindow(window));
    },
    onCandle: (context, candle) => {
      const history = closes.get(candle.symbol)!;
      history.push(candle.close);
      if (!history.isFull) return;
      const mean = history.mean();
      const isHeld = context.position(candle.symbol).quantity > 0;
      if (isHeld && candle.close < mean) return;
      // A limit that was not reached is renewed at the new close; at the mean the stop has done its work.
      for (const order of context.workingOrders(candle.symbol)) context.cancel(order.orderId);
      if (isHeld) orderTarget(context, candle.symbol, 0);
      else if (candle.close < mean - entry * history.deviation()) enter(context, candle);
    },
    onFill: (context, fill) => {
      if (fill.side !== 'buy' || stop === 0) return;
      const { symbol, quantity } = fill;
      const stopPrice = fill.price - Math.abs(fill.price) * stop;
      context.submit({ type: 'stop', symbol, side: 'sell', quantity, stopPrice });
    },
  };
}
