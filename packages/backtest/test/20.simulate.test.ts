import { describe, expect, test } from '@jest/globals';
import type { Strategy, StrategyContext } from '@tb/backtest';
import { candle, flat, MINUTE, OPEN } from './support/candles.ts';
import { scripted, simulated } from './support/simulation.ts';

const idle: Strategy = { onCandle: () => {} };

describe('the account', () => {
  test('a long round trip, by hand', async () => {
    const { trades, equity, result } = await simulated(
      scripted({
        0: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 10 }),
        2: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'sell', quantity: 10 }),
      }),
      flat([10, 11, 12, 13, 14]),
      { fees: { perOrder: 1, rate: 0.01 } },
    );
    // Buys 10 at 11: fee 1 + 1.1. Sells 10 at 13: fee 1 + 1.3. Profit 20 - 4.4.
    expect(trades).toHaveLength(1);
    expect(trades[0]).toMatchObject({
      side: 'long',
      quantity: 10,
      entryTs: OPEN + MINUTE,
      entryPrice: 11,
      exitTs: OPEN + 3n * MINUTE,
      exitPrice: 13,
    });
    expect(trades[0]!.fees).toBeCloseTo(4.4, 12);
    expect(trades[0]!.pnl).toBeCloseTo(15.6, 12);
    expect(equity.map((point) => point.equity)).toEqual(
      [1000, 997.9, 1007.9, 1015.6, 1015.6].map((value) => expect.closeTo(value, 9)),
    );
    expect(equity.map((point) => point.isFlat)).toEqual([true, false, false, true, true]);
    expect(equity[1]!.drawdown).toBeCloseTo(997.9 / 1000 - 1, 12);
    expect(result.fees).toBeCloseTo(4.4, 12);
  });

  test('a short round trip gains what the price falls', async () => {
    const { trades, equity } = await simulated(
      scripted({
        0: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'sell', quantity: 10 }),
        1: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 10 }),
      }),
      flat([10, 10, 8]),
    );
    expect(trades[0]).toMatchObject({ side: 'short', entryPrice: 10, exitPrice: 8, pnl: 20 });
    expect(equity.map((point) => [point.equity, point.cash])).toEqual([
      [1000, 1000],
      [1000, 1100],
      [1020, 1020],
    ]);
  });

  test('an order through zero closes the long and opens a short', async () => {
    const { trades, result } = await simulated(
      scripted({
        0: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 10 }),
        1: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'sell', quantity: 15 }),
      }),
      flat([10, 10, 12]),
      { fees: { perUnit: 1 } },
    );
    expect(trades).toMatchObject([{ quantity: 10, pnl: 0, fees: 20 }]);
    expect(result.openPositions).toEqual([
      { symbol: 'A', quantity: -5, averagePrice: 12, marketPrice: 12, unrealisedPnl: 0, fees: 5 },
    ]);
  });

  test('lots close first in, first out, each a trade of its own', async () => {
    const buy = (context: StrategyContext): void =>
      void context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 10 });
    const { trades } = await simulated(
      scripted({
        0: buy,
        1: buy,
        2: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'sell', quantity: 15 }),
      }),
      flat([10, 10, 20, 30]),
    );
    expect(trades.map(({ quantity, entryPrice, pnl }) => [quantity, entryPrice, pnl])).toEqual([
      [10, 10, 200],
      [5, 20, 50],
    ]);
  });

  test('drawdown starts from the starting cash', async () => {
    const { equity } = await simulated(
      scripted({
        0: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 50 }),
      }),
      flat([10, 10, 8, 11]),
    );
    expect(equity.map((point) => point.drawdown)).toEqual([0, 0, -0.1, 0]);
  });
});

describe('rejections', () => {
  const rejectedFor = async (
    request: Parameters<StrategyContext['submit']>[0],
    given: Parameters<typeof simulated>[2] = {},
  ): Promise<unknown> => {
    const { orders } = await simulated(
      scripted({ 0: (context) => void context.submit(request) }),
      flat([10, 10, 10]),
      given,
    );
    return orders.map(({ state, reason }) => reason ?? state);
  };
  const buy = { type: 'market', symbol: 'A', side: 'buy', quantity: 1 } as const;

  test.each([
    ['BAD_QUANTITY', { ...buy, quantity: 0 }],
    ['BAD_QUANTITY', { ...buy, quantity: -1 }],
    ['BAD_QUANTITY', { ...buy, quantity: Number.NaN }],
    ['BAD_QUANTITY', { ...buy, quantity: Infinity }],
    ['BAD_PRICE', { ...buy, type: 'limit', limitPrice: Number.NaN }],
    ['BAD_PRICE', { ...buy, type: 'stop', stopPrice: Infinity }],
    ['UNKNOWN_SYMBOL', { ...buy, symbol: 'B' }],
  ] as const)('%s is told at once, and recorded', async (reason, request) => {
    expect(await rejectedFor(request)).toEqual([reason]);
  });

  test('what costs more than leverage allows is refused at the fill, fee included', async () => {
    expect(await rejectedFor({ ...buy, quantity: 100 })).toEqual(['filled']);
    expect(await rejectedFor({ ...buy, quantity: 100.001 })).toEqual(['INSUFFICIENT_FUNDS']);
    expect(await rejectedFor({ ...buy, quantity: 100 }, { fees: { perOrder: 1 } })).toEqual([
      'INSUFFICIENT_FUNDS',
    ]);
    expect(await rejectedFor({ ...buy, quantity: 200 }, { leverage: 2 })).toEqual(['filled']);
  });

  test('a short needs the same funds, and permission', async () => {
    const sell = { ...buy, side: 'sell' } as const;
    expect(await rejectedFor({ ...sell, quantity: 100 })).toEqual(['filled']);
    expect(await rejectedFor({ ...sell, quantity: 101 })).toEqual(['INSUFFICIENT_FUNDS']);
    expect(await rejectedFor(sell, { allowShort: false })).toEqual(['SHORT_NOT_ALLOWED']);
  });

  test('a position can always be closed, even by an account below zero', async () => {
    const { orders, equity } = await simulated(
      scripted({
        0: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'sell', quantity: 100 }),
        1: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 100 }),
        2: (context) =>
          void context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 1 }),
      }),
      flat([10, 10, 30, 30]),
    );
    expect(orders.map(({ state, reason }) => reason ?? state)).toEqual([
      'filled',
      'filled',
      'INSUFFICIENT_FUNDS',
    ]);
    expect(equity[3]!.equity).toBe(-1000);
  });

  test('a side or type that does not exist stops the run', async () => {
    await expect(
      rejectedFor({ ...buy, side: 'long' } as unknown as typeof buy),
    ).rejects.toMatchObject({
      code: 'STRATEGY_FAILED',
      cause: expect.objectContaining({ name: 'TypeError' }),
    });
  });
});

describe('what a strategy can know', () => {
  test('every symbol is marked at its close before any candle of that time is shown', async () => {
    const seen: string[] = [];
    await simulated(
      {
        onCandle: (context, { symbol }) => {
          const prices = context.symbols.map((each) => context.position(each).marketPrice);
          seen.push(`${symbol} ${prices.join(' ')}`);
        },
      },
      [candle(0, [2, 2, 2, 2], 'B'), candle(0, [1, 1, 1, 1], 'A'), candle(1, [3, 3, 3, 3], 'A')],
      { symbols: ['B', 'A'] },
    );
    expect(seen).toEqual(['A 1 2', 'B 1 2', 'A 3 2']);
  });

  test('the results are those of a history that ends there: later candles change nothing', async () => {
    const strategy = (): Strategy => ({
      onCandle: (context, { close }) => {
        const side = context.random() < 0.5 ? 'buy' : 'sell';
        context.submit({ type: 'limit', symbol: 'A', side, quantity: 1, limitPrice: close });
      },
    });
    const candles = flat([10, 11, 9, 12, 8, 13, 7, 14]);
    const whole = await simulated(strategy(), candles);
    for (let length = 1; length < candles.length; length += 1) {
      const part = await simulated(strategy(), candles.slice(0, length));
      expect(part.equity).toEqual(whole.equity.slice(0, length));
      expect(part.fills).toEqual(whole.fills.slice(0, part.fills.length));
    }
  });

  test('every fill is at a later candle than the decision', async () => {
    const { orders } = await simulated(
      {
        onCandle: (context, { close }) => {
          context.submit({
            type: 'limit',
            symbol: 'A',
            side: 'buy',
            quantity: 1,
            limitPrice: close,
          });
          context.submit({
            type: 'stop',
            symbol: 'A',
            side: 'sell',
            quantity: 1,
            stopPrice: close,
          });
        },
      },
      flat([10, 11, 10, 9, 10]),
    );
    const filled = orders.filter((order) => order.state === 'filled');
    expect(filled.length).toBeGreaterThan(4);
    for (const order of filled) expect(order.fillTs! > order.ts).toBe(true);
  });

  test('a symbol without a candle at that time keeps its order waiting', async () => {
    const { orders } = await simulated(
      scripted({
        0: (context) =>
          void context.submit({ type: 'market', symbol: 'B', side: 'buy', quantity: 1 }),
      }),
      [
        candle(0, [1, 1, 1, 1], 'A'),
        candle(0, [1, 1, 1, 1], 'B'),
        candle(1, [1, 1, 1, 1], 'A'),
        candle(2, [1, 1, 1, 1], 'B'),
      ],
      { symbols: ['A', 'B'] },
    );
    expect(orders[0]!.fillTs).toBe(OPEN + 2n * MINUTE);
  });

  test('orders still working at the end expire, and are recorded', async () => {
    const { orders } = await simulated(
      scripted({
        0: (context) =>
          void context.submit({
            type: 'limit',
            symbol: 'A',
            side: 'buy',
            quantity: 1,
            limitPrice: 1,
          }),
      }),
      flat([10, 10]),
    );
    expect(orders.map((order) => order.state)).toEqual(['expired']);
  });

  test('the methods are called in order, and the hooks are optional', async () => {
    const calls: string[] = [];
    await simulated(
      {
        onStart: (context) => {
          calls.push('start');
          context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 1 });
        },
        onCandle: () => void calls.push('candle'),
        onFill: () => void calls.push('fill'),
        onEnd: () => void calls.push('end'),
      },
      flat([10, 10]),
    );
    expect(calls).toEqual(['start', 'fill', 'candle', 'candle', 'end']);
  });
});

describe('what stops a run', () => {
  test('a strategy that throws, with its error as cause', async () => {
    const boom = new Error('boom');
    await expect(
      simulated(
        {
          onCandle: () => {
            throw boom;
          },
        },
        flat([10]),
      ),
    ).rejects.toMatchObject({
      code: 'STRATEGY_FAILED',
      message: 'Strategy threw in onCandle at 2026-02-02T03:45:00Z: boom',
      cause: boom,
    });
  });

  test('a strategy that answers with a promise', async () => {
    const late = { onCandle: async () => {} } as unknown as Strategy;
    await expect(simulated(late, flat([10]))).rejects.toMatchObject({ code: 'STRATEGY_FAILED' });
  });

  test.each([
    ['a step back in time', [candle(1, [1, 1, 1, 1]), candle(0, [1, 1, 1, 1])]],
    ['the same candle twice', [candle(0, [1, 1, 1, 1]), candle(0, [1, 1, 1, 1])]],
    ['a symbol that was not asked for', [candle(0, [1, 1, 1, 1], 'B')]],
    ['a candle before the range', [candle(-1, [1, 1, 1, 1])]],
    ['a candle at the end of the range', [candle(100_000, [1, 1, 1, 1])]],
    ['a price that is no number', [candle(0, [1, 1, 1, Number.NaN])]],
    ['an infinite price', [candle(0, [1, Infinity, 1, 1])]],
    ['a high below the close', [candle(0, [1, 1, 1, 2])]],
    ['a low above the open', [candle(0, [1, 2, 1.5, 2])]],
    ['a negative volume', [{ ...candle(0, [1, 1, 1, 1]), volume: -1 }]],
  ])('%s', async (_name, candles) => {
    await expect(simulated(idle, candles)).rejects.toMatchObject({ code: 'CANDLES_INVALID' });
  });

  test('a signal, between two candles', async () => {
    const stop = new AbortController();
    const strategy: Strategy = { onCandle: () => stop.abort() };
    await expect(simulated(strategy, flat([10, 10]), {}, stop.signal)).rejects.toMatchObject({
      code: 'RUN_CANCELLED',
      retryable: true,
    });
  });
});
