import type { Candle } from '@tb/schema';
import { BacktestError } from '../errors.ts';
import type { ParameterValues } from '../parameters.ts';
import type { Strategy, StrategyDefinition } from '../strategy.ts';
import { RollingWindow } from './rolling-window.ts';
import { equalShare, orderTarget } from './sizing.ts';

/** Mean of the last n closes, undefined before there are n. */
class SimpleAverage {
  readonly #window: RollingWindow;

  constructor(size: number) {
    this.#window = new RollingWindow(size);
  }

  next(close: number): number | undefined {
    this.#window.push(close);
    return this.#window.isFull ? this.#window.mean() : undefined;
  }
}

/** Weight 2 / (n + 1) on the newest close, started with the first; undefined for the first n - 1. */
class ExponentialAverage {
  readonly #size: number;
  #count = 0;
  #value = 0;

  constructor(size: number) {
    this.#size = size;
  }

  next(close: number): number | undefined {
    this.#count += 1;
    this.#value =
      this.#count === 1 ? close : this.#value + (2 / (this.#size + 1)) * (close - this.#value);
    return this.#count >= this.#size ? this.#value : undefined;
  }
}

interface Pair {
  readonly fast: SimpleAverage | ExponentialAverage;
  readonly slow: SimpleAverage | ExponentialAverage;
  wasAbove: boolean | undefined;
}

/**
 * Long while the fast average of the closes is above the slow one, else flat, or short when `short` is set.
 * Trades only when the averages cross: not on the first candles, when nothing has crossed yet.
 */
export const movingAverageCross: StrategyDefinition = {
  id: 'moving-average-cross',
  version: '1',
  description: 'Long while a fast average of closes is above a slow one',
  parameters: {
    fast: { type: 'integer', default: 10, min: 1, max: 10_000, description: 'candles' },
    slow: { type: 'integer', default: 30, min: 2, max: 10_000, description: 'candles, above fast' },
    average: {
      type: 'text',
      default: 'simple',
      choices: ['simple', 'exponential'],
      description: 'kind of average',
    },
    fraction: {
      type: 'number',
      default: 0.9,
      min: 0,
      max: 100,
      description: 'part of the equity invested, over all symbols',
    },
    short: { type: 'boolean', default: false, description: 'go short below' },
  },
  create: (parameters) => createCross(parameters),
};

function createCross(parameters: ParameterValues): Strategy {
  const { fast, slow, average, fraction, short } = parameters as {
    fast: number;
    slow: number;
    average: string;
    fraction: number;
    short: boolean;
  };
  if (fast >= slow)
    throw new BacktestError(
      'PARAMETER_INVALID',
      `Parameter fast is ${fast}: it is below slow, ${slow}`,
    );
  const Average = average === 'simple' ? SimpleAverage : ExponentialAverage;
  const pairs = new Map<string, Pair>();
  return {
    onStart: (context) => {
      for (const symbol of context.symbols)
        pairs.set(symbol, {
          fast: new Average(fast),
          slow: new Average(slow),
          wasAbove: undefined,
        });
    },
    onCandle: (context, candle) => {
      const isAbove = crossing(pairs.get(candle.symbol)!, candle);
      if (isAbove === undefined) return;
      const share = equalShare(context, candle.symbol, fraction);
      orderTarget(context, candle.symbol, isAbove ? share : short ? -share : 0);
    },
  };
}

/** Whether fast is above slow, told only when that has just changed. */
function crossing(pair: Pair, candle: Candle): boolean | undefined {
  const fast = pair.fast.next(candle.close);
  const slow = pair.slow.next(candle.close);
  if (fast === undefined || slow === undefined || fast === slow) return undefined;
  const isAbove = fast > slow;
  const crossed = pair.wasAbove !== undefined && pair.wasAbove !== isAbove;
  pair.wasAbove = isAbove;
  return crossed ? isAbove : undefined;
}
