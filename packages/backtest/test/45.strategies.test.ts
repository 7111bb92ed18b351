import { describe, expect, test } from '@jest/globals';
import {
  assertStrategyDefinition,
  builtInStrategies,
  getStrategy,
  meanReversion,
  movingAverageCross,
  resolveConfig,
  resolveParameters,
  type StrategyDefinition,
} from '@tb/backtest';
import { seededRandom, splitmix64 } from '../src/random.ts';
import { candle, flat, MINUTE, OPEN } from './support/candles.ts';
import { config, type Recorded, simulated } from './support/simulation.ts';

function run(
  definition: StrategyDefinition,
  given: Record<string, unknown>,
  prices: readonly number[],
): Promise<Recorded> {
  const parameters = resolveParameters(definition.parameters, given);
  return simulated(definition.create(parameters), flat(prices));
}

describe('moving-average-cross', () => {
  // Averages of 1 and 3: the price against the mean of the last three.
  const given = { fast: 1, slow: 3, fraction: 0.5 };

  test('buys the candle after the fast average rose above the slow one, sells after it fell below', async () => {
    const { fills } = await run(movingAverageCross, given, [10, 10, 9, 12, 12, 6, 6]);
    // 0..2: mean 9.67, price 9, below. 3: mean 10.33, price 12, above: buys 41 at 12. 5: mean 10, price 6: sells at 6.
    expect(fills.map(({ ts, side, quantity, price }) => [ts, side, quantity, price])).toEqual([
      [OPEN + 4n * MINUTE, 'buy', 41, 12],
      [OPEN + 6n * MINUTE, 'sell', 41, 6],
    ]);
  });

  test('turns short when asked', async () => {
    const prices = [10, 10, 9, 12, 12, 6, 6];
    const { result } = await run(movingAverageCross, { ...given, short: true }, prices);
    expect(result.openPositions[0]!.quantity).toBeLessThan(0);
  });

  test('does nothing before something has crossed', async () => {
    const { orders } = await run(movingAverageCross, given, [10, 11, 12, 13, 14, 15]);
    expect(orders).toEqual([]);
  });

  test('an exponential average weighs the newest close with 2 / (n + 1)', async () => {
    const { fills } = await run(
      movingAverageCross,
      { ...given, average: 'exponential' },
      [10, 6, 7, 12, 12, 12],
    );
    // Averages 10, 8, 7.5, 9.75: below at 7, above at 12.
    expect(fills.map(({ ts, side }) => [ts, side])).toEqual([[OPEN + 4n * MINUTE, 'buy']]);
  });

  test('refuses a fast average that is not faster', () => {
    expect(() =>
      movingAverageCross.create(resolveParameters(movingAverageCross.parameters, { fast: 30 })),
    ).toThrow(expect.objectContaining({ code: 'PARAMETER_INVALID' }));
  });
});

describe('mean-reversion', () => {
  const given = { window: 3, entry: 1, stop: 0.1, fraction: 0.5 };

  test('buys at the limit of the fallen close, sells at market when it is back at the mean', async () => {
    const { fills, orders } = await run(meanReversion, given, [10, 10, 8, 8, 9.5, 9.5]);
    // Mean 9.33, deviation 0.94: 8 is below 8.39. Buys 62 at 8; back above the mean at 9.5; sells at the next open.
    expect(fills.map(({ ts, side, quantity, price }) => [ts, side, quantity, price])).toEqual([
      [OPEN + 3n * MINUTE, 'buy', 62, 8],
      [OPEN + 5n * MINUTE, 'sell', 62, 9.5],
    ]);
    expect(orders.find((order) => order.type === 'stop')).toMatchObject({ state: 'cancelled' });
  });

  test('is stopped out when it goes on falling', async () => {
    const { fills } = await run(meanReversion, given, [10, 10, 8, 8, 7]);
    expect(fills.map(({ side, price }) => [side, price])).toEqual([
      ['buy', 8],
      ['sell', 7],
    ]);
  });

  test('without a stop it holds', async () => {
    const { fills } = await run(meanReversion, { ...given, stop: 0 }, [10, 10, 8, 8, 7]);
    expect(fills).toHaveLength(1);
  });

  test('renews a limit that was not reached', async () => {
    const parameters = resolveParameters(meanReversion.parameters, given);
    const { orders } = await simulated(meanReversion.create(parameters), [
      ...flat([10, 10, 8]),
      candle(3, [9, 9, 8.5, 8.5]),
    ]);
    expect(orders[0]).toMatchObject({ type: 'limit', limitPrice: 8, state: 'cancelled' });
  });
});

describe('strategies by name', () => {
  test('the built-in ones are well formed, and their defaults are accepted', () => {
    for (const strategy of builtInStrategies) {
      assertStrategyDefinition(strategy);
      strategy.create(resolveParameters(strategy.parameters, {}));
      expect(getStrategy(strategy.id, builtInStrategies)).toBe(strategy);
    }
  });

  test('an unknown name tells those there are', () => {
    expect(() => getStrategy('sma', builtInStrategies)).toThrow(
      'Strategy "sma" is unknown; there are: moving-average-cross, mean-reversion',
    );
  });

  test.each([
    [null],
    [{}],
    [{ id: 'A b', version: '1', parameters: {}, create: () => ({}) }],
    [{ id: 'a', version: '', parameters: {}, create: () => ({}) }],
    [{ id: 'a', version: '1', create: () => ({}) }],
    [{ id: 'a', version: '1', parameters: {} }],
  ])('%j is not a strategy', (value) => {
    expect(() => assertStrategyDefinition(value)).toThrow(
      expect.objectContaining({ code: 'STRATEGY_UNKNOWN' }),
    );
  });
});

describe('parameters', () => {
  const schema = {
    size: { type: 'integer', default: 5, min: 1, max: 10, description: '' },
    share: { type: 'number', default: 0.5, description: '' },
    isOn: { type: 'boolean', default: true, description: '' },
    kind: { type: 'text', default: 'a', choices: ['a', 'b'], description: '' },
  } as const;

  test('text and values mean the same, defaults fill the rest', () => {
    const expected = { size: 7, share: 0.25, isOn: false, kind: 'b' };
    expect(resolveParameters(schema, expected)).toEqual(expected);
    expect(
      resolveParameters(schema, { size: '7', share: '0.25', isOn: 'false', kind: 'b' }),
    ).toEqual(expected);
    expect(resolveParameters(schema, {})).toEqual({ size: 5, share: 0.5, isOn: true, kind: 'a' });
    expect(Object.is(resolveParameters(schema, { share: '-0' })['share'], 0)).toBe(true);
  });

  test.each([
    [{ sise: 1 }],
    [{ constructor: 1 }],
    [{ size: 0 }],
    [{ size: 11 }],
    [{ size: 1.5 }],
    [{ size: '' }],
    [{ size: ' ' }],
    [{ size: 'x' }],
    [{ size: null, share: Number.NaN }],
    [{ share: Infinity }],
    [{ share: true }],
    [{ isOn: 'yes' }],
    [{ isOn: 1 }],
    [{ kind: 'c' }],
    [{ kind: 1 }],
  ])('%j is refused', (given) => {
    expect(() => resolveParameters(schema, given)).toThrow(
      expect.objectContaining({ code: 'PARAMETER_INVALID' }),
    );
  });
});

describe('config', () => {
  test.each([
    [{ symbols: [] }],
    [{ from: OPEN, to: OPEN }],
    [{ seed: -1n }],
    [{ seed: 2n ** 63n }],
    [{ startingCash: 0 }],
    [{ startingCash: Number.NaN }],
    [{ slippage: 1 }],
    [{ slippage: -0.1 }],
    [{ slippage: Number.NaN }],
    [{ leverage: 0 }],
    [{ leverage: Infinity }],
    [{ periodsPerYear: -1 }],
    [{ fees: { rate: -0.1 } }],
    [{ fees: { perUnit: Number.NaN } }],
    [{ fees: { minimum: 2, maximum: 1 } }],
  ])('%p is refused', (given) => {
    expect(() => resolveConfig(config(given))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  test('names are checked by the schema', () => {
    expect(() => resolveConfig(config({ exchange: '../x' }))).toThrow(
      expect.objectContaining({ code: 'BAD_NAME' }),
    );
    expect(() => resolveConfig(config({ timeframe: '1w' }))).toThrow(
      expect.objectContaining({ code: 'BAD_NAME' }),
    );
  });
});

describe('chance', () => {
  test('is splitmix64: the outputs of its reference implementation for seed 1234567', () => {
    const next = splitmix64(1234567n);
    expect(Array.from({ length: 5 }, next)).toEqual([
      6457827717110365317n,
      3203168211198807973n,
      9817491932198370423n,
      4593380528125082431n,
      16408922859458223821n,
    ]);
  });

  test('is in [0, 1) and differs by seed', () => {
    const random = seededRandom(1n);
    const values = Array.from({ length: 10_000 }, random);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(values.reduce((sum, value) => sum + value, 0) / 10_000).toBeCloseTo(0.5, 1);
    expect(seededRandom(2n)()).not.toBe(values[0]);
  });
});
