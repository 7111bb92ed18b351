import { describe, expect, test } from '@jest/globals';
import type { Strategy } from '@tb/backtest';
import type { Candle } from '@tb/schema';
import fc from 'fast-check';
import { walk } from './support/candles.ts';
import { type Recorded, simulated } from './support/simulation.ts';
import { splitmixRandom } from './support/splitmix.ts';

const SYMBOLS = ['A', 'B', 'C'];

/** Does at random whatever a strategy can do. */
function erratic(): Strategy {
  return {
    onCandle: (context, { symbol, close }) => {
      const chance = context.random();
      const side = context.random() < 0.5 ? 'buy' : 'sell';
      const quantity = Math.floor(context.random() * 40) / 8;
      if (chance < 0.2) context.submit({ type: 'market', symbol, side, quantity });
      else if (chance < 0.35) {
        const limitPrice = close * (0.99 + context.random() * 0.02);
        context.submit({ type: 'limit', symbol, side, quantity, limitPrice });
      } else if (chance < 0.5) {
        const stopPrice = close * (0.99 + context.random() * 0.02);
        context.submit({ type: 'stop', symbol, side, quantity, stopPrice });
      } else if (chance < 0.55) {
        for (const order of context.workingOrders(symbol)) context.cancel(order.orderId);
      } else if (chance < 0.65) {
        const held = context.position(symbol).quantity;
        if (held > 0) context.submit({ type: 'market', symbol, side: 'sell', quantity: held });
        if (held < 0) context.submit({ type: 'market', symbol, side: 'buy', quantity: -held });
      }
    },
  };
}

const settings = fc.record({
  seed: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  walkSeed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  candles: fc.integer({ min: 1, max: 120 }),
  rate: fc.constantFrom(0, 0.001),
  perOrder: fc.constantFrom(0, 1.5),
  slippage: fc.constantFrom(0, 0.0005),
  leverage: fc.constantFrom(1, 3),
  allowShort: fc.boolean(),
});
type Settings = typeof settings extends fc.Arbitrary<infer T> ? T : never;

function run(given: Settings, candles?: readonly Candle[]): Promise<Recorded> {
  const { seed, rate, perOrder, slippage, leverage, allowShort } = given;
  return simulated(erratic(), candles ?? candlesOf(given), {
    symbols: SYMBOLS,
    seed,
    fees: { rate, perOrder },
    slippage,
    leverage,
    allowShort,
  });
}

const candlesOf = ({ walkSeed, candles }: Settings): Candle[] =>
  walk(SYMBOLS, candles, splitmixRandom(walkSeed));

const close = (value: number): unknown => expect.closeTo(value, 6);

describe('for any orders over any candles', () => {
  test('equity is cash plus positions at their market price', async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (given) => {
        const { fills, equity, result } = await run(given);
        // Cash and quantities from the fills alone, by other code than the portfolio's.
        let cash = 1000;
        const quantities = new Map<string, number>();
        for (const fill of fills) {
          const sign = fill.side === 'buy' ? 1 : -1;
          cash -= sign * fill.quantity * fill.price + fill.fee;
          quantities.set(fill.symbol, (quantities.get(fill.symbol) ?? 0) + sign * fill.quantity);
        }
        const last = new Map(candlesOf(given).map((candle) => [candle.symbol, candle.close]));
        let value = cash;
        for (const [symbol, quantity] of quantities) value += quantity * last.get(symbol)!;
        const end = equity[equity.length - 1]!;
        expect(end.cash).toEqual(close(cash));
        expect(end.equity).toEqual(close(value));
        for (const open of result.openPositions)
          expect(open.quantity).toEqual(close(quantities.get(open.symbol)!));
      }),
      { numRuns: 60 },
    );
  });

  test('what is won: trades, plus open positions, less the fees to open them', async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (given) => {
        const { trades, equity, result } = await run(given);
        const closed = trades.reduce((sum, trade) => sum + trade.pnl, 0);
        const open = result.openPositions.reduce(
          (sum, one) => sum + one.unrealisedPnl - one.fees,
          0,
        );
        expect(equity[equity.length - 1]!.equity - 1000).toEqual(close(closed + open));
      }),
      { numRuns: 60 },
    );
  });

  test('fees are conserved: orders, trades and open positions, and the total, agree', async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (given) => {
        const { orders, trades, fills, result } = await run(given);
        const ofFills = fills.reduce((sum, fill) => sum + fill.fee, 0);
        const ofOrders = orders.reduce((sum, order) => sum + order.fee, 0);
        const ofTrades =
          trades.reduce((sum, trade) => sum + trade.fees, 0) +
          result.openPositions.reduce((sum, one) => sum + one.fees, 0);
        expect([result.fees, ofOrders, ofTrades]).toEqual([
          close(ofFills),
          close(ofFills),
          close(ofFills),
        ]);
      }),
      { numRuns: 60 },
    );
  });

  test('the order of symbols within one time changes nothing, and the same seed gives the same run', async () => {
    await fc.assert(
      fc.asyncProperty(settings, fc.integer(), async (given, shuffleSeed) => {
        const random = splitmixRandom(shuffleSeed);
        const shuffled = candlesOf(given)
          .map((candle) => ({ candle, rank: random() }))
          .sort((a, b) => Number(a.candle.ts - b.candle.ts) || a.rank - b.rank)
          .map(({ candle }) => candle);
        expect(await run(given, shuffled)).toEqual(await run(given));
      }),
      { numRuns: 40 },
    );
  });

  test('every order ends once, and none goes short unasked', async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (given) => {
        const { orders, fills } = await run(given);
        expect(new Set(orders.map((order) => order.orderId)).size).toBe(orders.length);
        expect(orders.map((order) => order.orderId).sort((a, b) => a - b)).toEqual(
          orders.map((_, at) => at + 1),
        );
        expect(orders.filter((order) => order.state === 'filled')).toHaveLength(fills.length);
        const quantities = new Map<string, number>();
        for (const fill of fills) {
          const sign = fill.side === 'buy' ? 1 : -1;
          const after = (quantities.get(fill.symbol) ?? 0) + sign * fill.quantity;
          quantities.set(fill.symbol, after);
          if (!given.allowShort) expect(after).toBeGreaterThanOrEqual(-1e-9);
        }
      }),
      { numRuns: 40 },
    );
  });
});
