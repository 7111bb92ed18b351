import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { TradingQuery } from '@tb/queries';
import type { OrderRow, PositionRow, TradeRow, TradingDatabase } from '@tb/schema';
import { seedOf } from '@tb/testkit';
import fc from 'fast-check';
import type { Insertable, Kysely } from 'kysely';
import { add, formatDecimal, multiply, parseDecimal, subtract } from '../src/decimal.ts';
import { sqliteStore } from './support/sqlite-store.ts';

let db: Kysely<TradingDatabase>;
let trading: TradingQuery;

beforeEach(() => {
  db = sqliteStore<TradingDatabase>('trading');
  trading = new TradingQuery(db);
});

afterEach(() => db.destroy());

async function addOrder(id: string, more: Partial<Insertable<OrderRow>> = {}): Promise<void> {
  await db
    .insertInto('orders')
    .values({
      client_order_id: id,
      exchange: 'nse',
      symbol: 'A',
      side: 'buy',
      type: 'market',
      time_in_force: 'day',
      quantity: '10',
      state: 'new',
      created_at: 1n,
      updated_at: 1n,
      ...more,
    })
    .execute();
}

async function addFill(id: string, more: Partial<Insertable<TradeRow>> = {}): Promise<void> {
  const fill = {
    exchange: 'nse',
    trade_id: id,
    symbol: 'A',
    side: 'buy' as const,
    quantity: '1',
    price: '2',
    ts: 1n,
    recorded_at: 1n,
  };
  await db
    .insertInto('trades')
    .values({ ...fill, ...more })
    .execute();
}

async function addPosition(
  symbol: string,
  more: Partial<Insertable<PositionRow>> = {},
): Promise<void> {
  const position = {
    exchange: 'nse',
    symbol,
    quantity: '0',
    cost: '0',
    realised_pnl: '0',
    fees: '0',
    updated_at: 1n,
  };
  await db
    .insertInto('positions')
    .values({ ...position, ...more })
    .execute();
}

describe('orders and fills', () => {
  test('are found by state, instrument, strategy and time, oldest first', async () => {
    const late = 1_710_215_100_000_000_001n; // above 2^53: exact
    await addOrder('c', { state: 'accepted', created_at: late });
    await addOrder('b', { state: 'filled', created_at: 2n, strategy_id: 's1' });
    await addOrder('a', { state: 'new', created_at: 3n, symbol: 'B' });
    const ids = async (filter: Parameters<TradingQuery['orders']>[0]) =>
      (await trading.orders(filter)).map((order) => order.client_order_id);
    expect(await ids({})).toEqual(['b', 'a', 'c']);
    expect(await ids({ states: ['filled', 'accepted'] })).toEqual(['b', 'c']);
    expect(await ids({ symbol: 'B', exchange: 'nse' })).toEqual(['a']);
    expect(await ids({ strategyId: 's1' })).toEqual(['b']);
    expect(await ids({ from: late, to: late + 1n })).toEqual(['c']);
    expect(await ids({ from: 2n, to: late })).toEqual(['b', 'a']);
    expect(await ids({ limit: 1 })).toEqual(['b']);
    expect((await trading.openOrders()).map((order) => order.client_order_id)).toEqual(['a', 'c']);
    expect((await trading.order('c'))?.created_at).toBe(late);
    expect(await trading.order('none')).toBeUndefined();
  });

  test('of one order are told in order of time, and its log in order of writing', async () => {
    await addOrder('o');
    await addFill('2', { client_order_id: 'o', ts: 9n });
    await addFill('1', { client_order_id: 'o', ts: 10n });
    await addFill('3', { symbol: 'B', ts: 5n });
    expect((await trading.fills({ clientOrderId: 'o' })).map((fill) => fill.trade_id)).toEqual([
      '2',
      '1',
    ]);
    expect((await trading.fills({ from: 5n, to: 10n })).map((fill) => fill.trade_id)).toEqual([
      '3',
      '2',
    ]);
    await db
      .insertInto('execution_log')
      .values([
        { ts: 9n, client_order_id: 'o', event: 'sent' },
        { ts: 8n, client_order_id: 'o', event: 'acknowledged' },
      ])
      .execute();
    expect((await trading.executionLog('o')).map((entry) => entry.event)).toEqual([
      'sent',
      'acknowledged',
    ]);
  });

  test('say whether a signal was acted on, also when its order was rejected', async () => {
    await addOrder('o', { signal_id: 's1', state: 'rejected' });
    await addFill('t', { signal_id: 's2' });
    expect(await trading.isSignalActedOn('s1')).toBe(true);
    expect(await trading.isSignalActedOn('s2')).toBe(true);
    expect(await trading.isSignalActedOn('s3')).toBe(false);
  });
});

describe('profit and loss', () => {
  test('is exact where doubles are not', async () => {
    await addPosition('A', { realised_pnl: '0.1', fees: '0.01' });
    await addPosition('B', { realised_pnl: '0.2', fees: '0.02' });
    await addPosition('C', { quantity: '-3', cost: '-30.3', realised_pnl: '9007199254740993' });
    await addPosition('D', { quantity: '0.00', realised_pnl: '0' });
    await addPosition('E', { quantity: '1', cost: '5' });
    const pnl = await trading.pnl([{ exchange: 'nse', symbol: 'C', price: '10' }]);
    expect(pnl).toMatchObject({
      realised: '9007199254740993.3',
      fees: '0.03',
      unrealised: '0.3', // -3 x 10 + 30.3
      net: '9007199254740993.57',
    });
    expect(pnl.unmarked.map((position) => position.symbol)).toEqual(['E']);
    expect((await trading.positions()).map((position) => position.symbol)).toEqual(['C', 'E']);
    expect((await trading.positions({ includeFlat: true })).length).toBe(5);
  });

  test('of damaged text is an error that names the column and not the value', async () => {
    await addPosition('A', { realised_pnl: '1e5' });
    const refused = await trading.pnl([]).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'BAD_DECIMAL' });
    expect((refused as Error).message).toContain('positions.realised_pnl');
    expect((refused as Error).message).not.toContain('1e5');
  });
});

test('decimals keep the laws of arithmetic, against integers of a common scale', () => {
  const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.nat({ max: 20 }));
  const text = ([digits, scale]: [bigint, number]) => formatDecimal({ digits, scale });
  const at40 = (value: string) => {
    const { digits, scale } = parseDecimal(value, 'x');
    return digits * 10n ** BigInt(40 - scale);
  };
  fc.assert(
    fc.property(decimal, decimal, (x, y) => {
      const [a, b] = [parseDecimal(text(x), 'a'), parseDecimal(text(y), 'b')];
      expect(at40(formatDecimal(add(a, b)))).toBe(at40(text(x)) + at40(text(y)));
      expect(at40(formatDecimal(subtract(a, b)))).toBe(at40(text(x)) - at40(text(y)));
      expect(at40(formatDecimal(multiply(a, b)))).toBe(
        (at40(text(x)) * at40(text(y))) / 10n ** 40n,
      );
      expect(formatDecimal(a)).toBe(text(x));
      expect(text(x)).not.toMatch(/^-0$|\.$|\.\d*0$/);
    }),
    { seed: seedOf() },
  );
});
