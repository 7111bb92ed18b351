import { describe, expect, test } from '@jest/globals';
import {
  add,
  compare,
  DatabaseManager,
  formatDecimal,
  logExecution,
  multiply,
  type NewFill,
  type NewOrder,
  parseDecimal,
  recordFill,
  recordOrder,
  subtract,
  updateOrder,
} from '@tb/manager';
import fc from 'fast-check';
import { parseStoredDecimal, ZERO } from '../src/trading/decimal.ts';
import { FLAT, positionAfterFill } from '../src/trading/position.ts';
import { dataRoot } from './roots.ts';

const order: NewOrder = {
  clientOrderId: 'o1',
  exchange: 'nse',
  symbol: 'NSE_EQ|INE002A01018',
  side: 'buy',
  type: 'limit',
  quantity: '10',
  limitPrice: '167.40',
  strategyId: 'sma',
  signalId: 's1',
};
const fill: NewFill = {
  exchange: 'nse',
  tradeId: 't1',
  clientOrderId: 'o1',
  symbol: 'NSE_EQ|INE002A01018',
  side: 'buy',
  quantity: '4',
  price: '167.35',
  fee: '0.02',
  ts: 1_700_000_000_000_000_001n,
};

async function trading(label: string) {
  const root = await dataRoot(label);
  const manager = await DatabaseManager.open({ root: root.path, role: 'execution' });
  return {
    manager,
    fill: (next: NewFill) => manager.write('trading', (tx) => recordFill(tx, next)),
    order: (next: NewOrder) => manager.write('trading', (tx) => recordOrder(tx, next)),
    orderRow: () =>
      manager.read('trading', (db) =>
        db.selectFrom('orders').selectAll().executeTakeFirstOrThrow(),
      ),
    positions: () =>
      manager.read('trading', (db) => db.selectFrom('positions').selectAll().execute()),
    log: () =>
      manager.read('trading', (db) => db.selectFrom('execution_log').selectAll().execute()),
    async [Symbol.asyncDispose]() {
      await manager.close();
      root.remove();
    },
  };
}

describe('orders', () => {
  test('an order is recorded once; the same order again is already_recorded, in other digits too', async () => {
    await using t = await trading('order');
    expect(await t.order(order)).toBe('recorded');
    expect(await t.order({ ...order, quantity: '10.0', limitPrice: '167.4' })).toBe(
      'already_recorded',
    );
    expect(await t.orderRow()).toMatchObject({
      state: 'new',
      quantity: '10',
      limit_price: '167.4',
      filled_quantity: '0',
    });
  });

  test.each<Partial<NewOrder>>([
    { quantity: '11' },
    { side: 'sell' },
    { limitPrice: '1' },
    { symbol: 'X' },
    { strategyId: 'other' },
  ])('another order under the same id is ORDER_CONFLICT: %j', async (change) => {
    await using t = await trading('order-conflict');
    await t.order(order);
    await expect(t.order({ ...order, ...change })).rejects.toMatchObject({
      code: 'ORDER_CONFLICT',
    });
  });

  test.each<[string, Partial<NewOrder>]>([
    ['a limit order without a limit price', { limitPrice: undefined }],
    ['a market order with one', { type: 'market' }],
    ['a stop order without a stop price', { type: 'stop', limitPrice: undefined }],
  ])('%s is a TypeError', async (_name, change) => {
    await using t = await trading('order-type');
    await expect(t.order({ ...order, ...change })).rejects.toThrow(TypeError);
  });

  test.each(['0', '-1', '', '1e3', 'abc'])('a quantity of %j is BAD_DECIMAL', async (quantity) => {
    await using t = await trading('order-quantity');
    await expect(t.order({ ...order, quantity })).rejects.toMatchObject({ code: 'BAD_DECIMAL' });
  });

  test('states move forward only', async () => {
    await using t = await trading('order-state');
    await t.order(order);
    const update = (state: 'submitted' | 'accepted' | 'cancelled', exchangeOrderId?: string) =>
      t.manager.write('trading', (tx) =>
        updateOrder(tx, {
          clientOrderId: 'o1',
          state,
          ...(exchangeOrderId ? { exchangeOrderId } : {}),
        }),
      );
    await update('submitted');
    await update('accepted', 'x1');
    await update('accepted', 'x1');
    await expect(update('submitted')).rejects.toMatchObject({ code: 'ORDER_CONFLICT' });
    await expect(update('accepted', 'x2')).rejects.toMatchObject({ code: 'ORDER_CONFLICT' });
    await update('cancelled');
    await expect(update('accepted')).rejects.toMatchObject({ code: 'ORDER_CONFLICT' });
    expect(await t.orderRow()).toMatchObject({ state: 'cancelled', exchange_order_id: 'x1' });
  });

  test('an update of an order that is not recorded is ORDER_UNKNOWN', async () => {
    await using t = await trading('order-unknown');
    await expect(
      t.manager.write('trading', (tx) =>
        updateOrder(tx, { clientOrderId: 'o9', state: 'cancelled' }),
      ),
    ).rejects.toMatchObject({ code: 'ORDER_UNKNOWN' });
  });
});

describe('fills', () => {
  test('moves order and position in the same transaction', async () => {
    await using t = await trading('fill');
    await t.order(order);
    expect(await t.fill(fill)).toBe('recorded');
    expect(await t.orderRow()).toMatchObject({ filled_quantity: '4', state: 'partially_filled' });
    expect(await t.positions()).toMatchObject([
      {
        quantity: '4',
        cost: '669.4',
        realised_pnl: '0',
        fees: '0.02',
        strategy_id: 'sma',
        last_trade_id: 't1',
      },
    ]);
    expect(await t.fill({ ...fill, tradeId: 't2', quantity: '6' })).toBe('recorded');
    expect(await t.orderRow()).toMatchObject({ filled_quantity: '10', state: 'filled' });
    expect(await t.log()).toEqual([]);
  });

  test('a fill told twice is stored once and counted once', async () => {
    await using t = await trading('fill-twice');
    await t.order(order);
    await t.fill(fill);
    const before = [await t.orderRow(), await t.positions()];
    expect(await t.fill({ ...fill, price: '167.350', recordedAt: 5n })).toBe('already_recorded');
    expect([await t.orderRow(), await t.positions()]).toEqual(before);
  });

  test('the same trade id of another exchange is another fill', async () => {
    await using t = await trading('fill-exchange');
    await t.fill({ ...fill, clientOrderId: undefined });
    expect(await t.fill({ ...fill, clientOrderId: undefined, exchange: 'bse' })).toBe('recorded');
    expect(await t.positions()).toHaveLength(2);
  });

  test.each<Partial<NewFill>>([
    { price: '167.36' },
    { quantity: '5' },
    { ts: 1n },
    { fee: '0' },
    { clientOrderId: undefined },
  ])(
    'other content under the same key is FILL_CONFLICT, and changes nothing: %j',
    async (change) => {
      await using t = await trading('fill-conflict');
      await t.order(order);
      await t.fill(fill);
      const before = [await t.orderRow(), await t.positions()];
      await expect(t.fill({ ...fill, ...change })).rejects.toMatchObject({ code: 'FILL_CONFLICT' });
      expect([await t.orderRow(), await t.positions()]).toEqual(before);
    },
  );

  test('a fill of another symbol or side than its order is FILL_CONFLICT', async () => {
    await using t = await trading('fill-side');
    await t.order(order);
    await expect(t.fill({ ...fill, side: 'sell' })).rejects.toMatchObject({
      code: 'FILL_CONFLICT',
    });
    await expect(t.fill({ ...fill, symbol: 'X' })).rejects.toMatchObject({ code: 'FILL_CONFLICT' });
    expect(await t.positions()).toEqual([]);
  });

  test('a fill of an order that is not recorded is ORDER_UNKNOWN', async () => {
    await using t = await trading('fill-unknown');
    await expect(t.fill(fill)).rejects.toMatchObject({ code: 'ORDER_UNKNOWN' });
  });

  test('a fill beyond the quantity is recorded, and told in the execution log', async () => {
    await using t = await trading('overfill');
    await t.order(order);
    expect(await t.fill({ ...fill, quantity: '11' })).toBe('recorded');
    expect(await t.orderRow()).toMatchObject({ filled_quantity: '11', state: 'filled' });
    expect(await t.log()).toMatchObject([{ event: 'overfilled', client_order_id: 'o1' }]);
  });

  test('a fill that crossed a cancel is recorded, and the order stays cancelled', async () => {
    await using t = await trading('fill-cancel');
    await t.order(order);
    await t.manager.write('trading', (tx) =>
      updateOrder(tx, { clientOrderId: 'o1', state: 'cancelled' }),
    );
    await t.fill(fill);
    expect(await t.orderRow()).toMatchObject({ filled_quantity: '4', state: 'cancelled' });
  });

  test('a body that fails after a fill leaves neither the fill nor the position', async () => {
    await using t = await trading('fill-rollback');
    await t.order(order);
    await expect(
      t.manager.write('trading', async (tx) => {
        await recordFill(tx, fill);
        await logExecution(tx, { event: 'filled', clientOrderId: 'o1', detail: { tradeId: 't1' } });
        throw new Error('the connection broke');
      }),
    ).rejects.toThrow('the connection broke');
    expect([await t.positions(), await t.log()]).toEqual([[], []]);
    expect(await t.orderRow()).toMatchObject({ filled_quantity: '0' });
  });

  test('0.1 and 0.2 make 0.3', async () => {
    await using t = await trading('exact');
    const free = { ...fill, clientOrderId: undefined, price: '1', fee: '0.1' };
    await t.fill({ ...free, quantity: '0.1' });
    await t.fill({ ...free, quantity: '0.2', tradeId: 't2', fee: '0.2' });
    expect(await t.positions()).toMatchObject([{ quantity: '0.3', cost: '0.3', fees: '0.3' }]);
  });
});

describe('positions', () => {
  const read = (text: string) => parseDecimal(text, 'x');
  const apply = (fills: readonly (readonly ['buy' | 'sell', string, string])[]) =>
    fills.reduce(
      (position, [side, quantity, price]) =>
        positionAfterFill(position, {
          side,
          quantity: read(quantity),
          price: read(price),
          fee: ZERO,
        }),
      FLAT,
    );
  const shown = (position: ReturnType<typeof apply>) =>
    [position.quantity, position.cost, position.realisedPnl].map(formatDecimal);

  test.each<[string, readonly (readonly ['buy' | 'sell', string, string])[], string[]]>([
    [
      'long, added to',
      [
        ['buy', '10', '100'],
        ['buy', '10', '110'],
      ],
      ['20', '2100', '0'],
    ],
    [
      'long, half closed with a gain',
      [
        ['buy', '10', '100'],
        ['sell', '5', '110'],
      ],
      ['5', '500', '50'],
    ],
    [
      'long, closed with a loss',
      [
        ['buy', '10', '100'],
        ['sell', '10', '99.5'],
      ],
      ['0', '0', '-5'],
    ],
    [
      'short, closed with a gain',
      [
        ['sell', '10', '100'],
        ['buy', '10', '90'],
      ],
      ['0', '0', '100'],
    ],
    [
      'short, half closed with a loss',
      [
        ['sell', '10', '100'],
        ['buy', '5', '110'],
      ],
      ['-5', '-500', '-50'],
    ],
    [
      'long turned short',
      [
        ['buy', '10', '100'],
        ['sell', '15', '110'],
      ],
      ['-5', '-550', '100'],
    ],
    [
      'short turned long',
      [
        ['sell', '10', '100'],
        ['buy', '12', '90'],
      ],
      ['2', '180', '100'],
    ],
    [
      'a third of an uneven cost',
      [
        ['buy', '3', '3.333333333333'],
        ['sell', '1', '4'],
      ],
      ['2', '6.666666666666', '0.666666666667'],
    ],
    [
      'a negative price',
      [
        ['buy', '1', '-37.63'],
        ['sell', '1', '10.01'],
      ],
      ['0', '0', '47.64'],
    ],
  ])('%s', (_name, fills, expected) => {
    expect(shown(apply(fills))).toEqual(expected);
  });

  test('realised pnl less cost is the sum of all cash flows, exactly, in any sequence', () => {
    const amount = fc.integer({ min: 1, max: 100_000 }).map((units) => (units / 100).toFixed(2));
    const fills = fc.array(
      fc.tuple(fc.constantFrom('buy' as const, 'sell' as const), amount, amount),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(fills, (sequence) => {
        const position = apply(sequence);
        let cash = ZERO;
        let quantity = ZERO;
        for (const [side, units, price] of sequence) {
          const value = multiply(read(units), read(price));
          cash = side === 'buy' ? subtract(cash, value) : add(cash, value);
          quantity = side === 'buy' ? add(quantity, read(units)) : subtract(quantity, read(units));
        }
        expect(compare(subtract(position.realisedPnl, position.cost), cash)).toBe(0);
        expect(compare(position.quantity, quantity)).toBe(0);
        if (quantity.digits === 0n) expect(position.cost.digits).toBe(0n);
        const stored = formatDecimal(position.cost);
        expect(compare(parseStoredDecimal(stored, 'x'), position.cost)).toBe(0);
      }),
    );
  });
});
