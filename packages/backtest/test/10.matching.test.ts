import { describe, expect, test } from '@jest/globals';
import type { OrderRequest } from '@tb/backtest';
import { candle, flat, MINUTE, OPEN } from './support/candles.ts';
import { scripted, simulated } from './support/simulation.ts';

const after = [10, 10, 10, 10] as const;

/** Submits the order at the close of minute 0 and tells what the candle of minute 1 does to it. */
async function filledBy(
  request: OrderRequest,
  prices: readonly [number, number, number, number],
  slippage = 0,
): Promise<number | undefined> {
  const candles = [candle(0, after), candle(1, prices)];
  const { orders } = await simulated(
    scripted({ 0: (context) => void context.submit(request) }),
    candles,
    { slippage },
  );
  return orders[0]!.fillPrice;
}

describe('market orders', () => {
  test('fill at the open of the next candle, never at the close that decided them', async () => {
    const request = { type: 'market', symbol: 'A', side: 'buy', quantity: 1 } as const;
    expect(await filledBy(request, [11, 12, 9, 10])).toBe(11);
  });

  test('pay slippage: buys above, sells below', async () => {
    const buy = { type: 'market', symbol: 'A', side: 'buy', quantity: 1 } as const;
    expect(await filledBy(buy, [10, 10, 10, 10], 0.01)).toBeCloseTo(10.1, 12);
    expect(await filledBy({ ...buy, side: 'sell' }, [10, 10, 10, 10], 0.01)).toBeCloseTo(9.9, 12);
  });

  test('slippage is worse below zero too', async () => {
    const buy = { type: 'market', symbol: 'A', side: 'buy', quantity: 1 } as const;
    expect(await filledBy(buy, [-10, -10, -10, -10], 0.01)).toBeCloseTo(-9.9, 12);
  });
});

describe('limit orders', () => {
  const buy = (limitPrice: number): OrderRequest => ({
    type: 'limit',
    symbol: 'A',
    side: 'buy',
    quantity: 1,
    limitPrice,
  });
  const sell = (limitPrice: number): OrderRequest =>
    ({ ...buy(limitPrice), side: 'sell' }) as OrderRequest;

  test.each([
    ['a buy touched by the low fills at its limit', buy(9), [10, 11, 9, 10], 9],
    ['a buy that the low does not reach waits', buy(8.99), [10, 11, 9, 10], undefined],
    ['a buy that the open has passed fills at the better open', buy(9), [8, 11, 8, 10], 8],
    ['a sell touched by the high fills at its limit', sell(11), [10, 11, 9, 10], 11],
    ['a sell that the high does not reach waits', sell(11.01), [10, 11, 9, 10], undefined],
    ['a sell that the open has passed fills at the better open', sell(11), [12, 12, 9, 10], 12],
  ] as const)('%s', async (_name, request, prices, expected) => {
    expect(await filledBy(request, prices)).toBe(expected);
  });

  test('pay no slippage', async () => {
    expect(await filledBy(buy(9), [10, 11, 9, 10], 0.01)).toBe(9);
  });
});

describe('stop orders', () => {
  const buy = (stopPrice: number): OrderRequest => ({
    type: 'stop',
    symbol: 'A',
    side: 'buy',
    quantity: 1,
    stopPrice,
  });
  const sell = (stopPrice: number): OrderRequest =>
    ({ ...buy(stopPrice), side: 'sell' }) as OrderRequest;

  test.each([
    ['a buy touched by the high fills at its stop', buy(11), [10, 11, 9, 10], 11],
    ['a buy that the high does not reach waits', buy(11.01), [10, 11, 9, 10], undefined],
    ['a buy that the open has passed fills at the worse open', buy(11), [12, 12, 9, 10], 12],
    ['a sell touched by the low fills at its stop', sell(9), [10, 11, 9, 10], 9],
    ['a sell that the low does not reach waits', sell(8.99), [10, 11, 9, 10], undefined],
    ['a sell that the open has passed fills at the worse open', sell(9), [8, 11, 8, 10], 8],
  ] as const)('%s', async (_name, request, prices, expected) => {
    expect(await filledBy(request, prices)).toBe(expected);
  });

  test('pay slippage', async () => {
    expect(await filledBy(sell(9), [10, 11, 9, 10], 0.01)).toBeCloseTo(8.91, 12);
  });
});

describe('inside one candle', () => {
  test('the stop of a position fills before its target: the worse of the two', async () => {
    const strategy = scripted({
      0: (context) => {
        context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 1 });
      },
      1: (context) => {
        context.submit({ type: 'limit', symbol: 'A', side: 'sell', quantity: 1, limitPrice: 11 });
        context.submit({ type: 'stop', symbol: 'A', side: 'sell', quantity: 1, stopPrice: 9 });
      },
    });
    const oneCancelsOther = {
      ...strategy,
      onFill: (context: Parameters<typeof strategy.onCandle>[0]) => {
        for (const order of context.workingOrders()) context.cancel(order.orderId);
      },
    };
    const { trades, orders } = await simulated(oneCancelsOther, [
      ...flat([10, 10]),
      candle(2, [10, 12, 8, 10]),
    ]);
    expect(trades.map((trade) => trade.exitPrice)).toEqual([9]);
    expect(orders.map((order) => [order.orderId, order.state])).toEqual([
      [1, 'filled'],
      [3, 'filled'],
      [2, 'cancelled'],
    ]);
  });

  test('an order that onFill submits waits for the next candle', async () => {
    const { orders } = await simulated(
      {
        onCandle: (context, { ts }) => {
          if (ts === OPEN)
            context.submit({ type: 'market', symbol: 'A', side: 'buy', quantity: 1 });
        },
        onFill: (context, fill) => {
          if (fill.side === 'buy')
            context.submit({ type: 'stop', symbol: 'A', side: 'sell', quantity: 1, stopPrice: 9 });
        },
      },
      [candle(0, after), candle(1, [10, 10, 8, 10]), candle(2, [10, 10, 8.5, 10])],
    );
    expect(orders.map((order) => order.fillTs)).toEqual([OPEN + MINUTE, OPEN + 2n * MINUTE]);
    expect(orders[1]!.fillPrice).toBe(9);
  });
});
