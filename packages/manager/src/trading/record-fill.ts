import type { TradingDatabase } from '@tb/schema';
import type { Kysely } from 'kysely';
import { ManagerError } from '../errors.ts';
import { type Attributes, attributesText } from './attributes.ts';
import { clockNs } from './clock.ts';
import {
  add,
  compare,
  type Decimal,
  formatDecimal,
  parseDecimal,
  parseStoredDecimal,
  sign,
} from './decimal.ts';
import { logExecution } from './log-execution.ts';
import { stateAfterFill } from './order-state.ts';
import { FLAT, type Position, positionAfterFill } from './position.ts';

/** A fill as the exchange reports it. Decimals are text. */
export interface NewFill {
  readonly exchange: string;
  /** The exchange's id of the trade: with `exchange` the key that makes a repeat harmless. */
  readonly tradeId: string;
  /** Absent for a fill that no order of ours explains. */
  readonly clientOrderId?: string | undefined;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  /** Above zero. */
  readonly quantity: string;
  readonly price: string;
  /** Negative for a rebate. Default '0'. */
  readonly fee?: string | undefined;
  /** Default: those of the order. */
  readonly strategyId?: string | undefined;
  readonly signalId?: string | undefined;
  /** When the trade happened, ns UTC. */
  readonly ts: bigint;
  /** ns UTC; the clock by default. */
  readonly recordedAt?: bigint | undefined;
  readonly attributes?: Attributes | undefined;
}

type Tx = Kysely<TradingDatabase>;
type Order = { readonly [C in 'exchange' | 'symbol' | 'side' | 'quantity']: string } & {
  readonly filled_quantity: string;
  readonly state: TradingDatabase['orders']['state'];
  readonly strategy_id: string | null;
  readonly signal_id: string | null;
};
type FillRow = ReturnType<typeof contentOf>;

/**
 * Records a fill, once: the same fill again is `already_recorded`. In the same transaction the order's filled quantity and
 * state, and the position, move with it. A fill is what happened, so one beyond the order's quantity, or after a cancel, is
 * recorded too; the former leaves the event `overfilled` in the execution log.
 *
 * @param tx What `manager.write('trading', ...)` gives.
 * @throws `FILL_CONFLICT` when the key has other content, or the fill is not of its order's symbol and side;
 *   `ORDER_UNKNOWN`, `BAD_DECIMAL`
 */
export async function recordFill(tx: Tx, fill: NewFill): Promise<'recorded' | 'already_recorded'> {
  const order = await findOrder(tx, fill);
  const row = contentOf(fill, order);
  if (await isRecorded(tx, row)) return 'already_recorded';
  const at = fill.recordedAt ?? clockNs();
  await tx
    .insertInto('trades')
    .values({ ...row, recorded_at: at, attributes: attributesText(fill.attributes) })
    .execute();
  if (order && fill.clientOrderId !== undefined)
    await updateFilled(tx, fill.clientOrderId, order, row, at);
  await updatePosition(tx, row, at);
  return 'recorded';
}

async function findOrder(tx: Tx, fill: NewFill): Promise<Order | undefined> {
  if (fill.clientOrderId === undefined) return undefined;
  const order = await tx
    .selectFrom('orders')
    .selectAll()
    .where('client_order_id', '=', fill.clientOrderId)
    .executeTakeFirst();
  if (!order)
    throw new ManagerError(
      'ORDER_UNKNOWN',
      `Fill ${fill.tradeId} names order ${fill.clientOrderId}, which is not recorded`,
    );
  const differing = (['exchange', 'symbol', 'side'] as const).filter(
    (column) => order[column] !== fill[column],
  );
  if (differing.length > 0)
    throw new ManagerError(
      'FILL_CONFLICT',
      `Fill ${fill.tradeId} has another ${differing.join(', ')} than its order ${fill.clientOrderId}`,
    );
  return order;
}

/** The columns that make a fill the same fill. */
function contentOf(fill: NewFill, order: Order | undefined) {
  const quantity = parseDecimal(fill.quantity, 'The quantity of a fill');
  if (sign(quantity) <= 0)
    throw new ManagerError('BAD_DECIMAL', 'The quantity of a fill is not above zero');
  return {
    exchange: fill.exchange,
    trade_id: fill.tradeId,
    client_order_id: fill.clientOrderId ?? null,
    symbol: fill.symbol,
    side: fill.side,
    quantity: formatDecimal(quantity),
    price: formatDecimal(parseDecimal(fill.price, 'The price of a fill')),
    fee: formatDecimal(parseDecimal(fill.fee ?? '0', 'The fee of a fill')),
    strategy_id: fill.strategyId ?? order?.strategy_id ?? null,
    signal_id: fill.signalId ?? order?.signal_id ?? null,
    ts: fill.ts,
  };
}

async function isRecorded(tx: Tx, row: FillRow): Promise<boolean> {
  const known = await tx
    .selectFrom('trades')
    .selectAll()
    .where('exchange', '=', row.exchange)
    .where('trade_id', '=', row.trade_id)
    .executeTakeFirst();
  if (!known) return false;
  const differing = (Object.keys(row) as (keyof FillRow)[]).filter(
    (column) => known[column] !== row[column],
  );
  if (differing.length === 0) return true;
  throw new ManagerError(
    'FILL_CONFLICT',
    `Fill ${row.trade_id} of ${row.exchange} is recorded with another ${differing.join(', ')}`,
  );
}

async function updateFilled(
  tx: Tx,
  clientOrderId: string,
  order: Order,
  row: FillRow,
  at: bigint,
): Promise<void> {
  const stored = (text: string): Decimal => parseStoredDecimal(text, 'A stored quantity');
  const filled = add(stored(order.filled_quantity), stored(row.quantity));
  const against = compare(filled, stored(order.quantity));
  await tx
    .updateTable('orders')
    .set({
      filled_quantity: formatDecimal(filled),
      state: stateAfterFill(order.state, against >= 0),
      updated_at: at,
    })
    .where('client_order_id', '=', clientOrderId)
    .execute();
  if (against > 0)
    await logExecution(tx, {
      clientOrderId,
      event: 'overfilled',
      at,
      detail: { tradeId: row.trade_id, ordered: order.quantity, filled: formatDecimal(filled) },
    });
}

async function updatePosition(tx: Tx, row: FillRow, at: bigint): Promise<void> {
  const key = { exchange: row.exchange, symbol: row.symbol, strategy_id: row.strategy_id ?? '' };
  const known = await tx
    .selectFrom('positions')
    .select(['quantity', 'cost', 'realised_pnl', 'fees'])
    .where('exchange', '=', key.exchange)
    .where('symbol', '=', key.symbol)
    .where('strategy_id', '=', key.strategy_id)
    .executeTakeFirst();
  const stored = (text: string): Decimal => parseStoredDecimal(text, 'A stored position');
  const before: Position = known
    ? {
        quantity: stored(known.quantity),
        cost: stored(known.cost),
        realisedPnl: stored(known.realised_pnl),
        fees: stored(known.fees),
      }
    : FLAT;
  const after = positionAfterFill(before, {
    side: row.side,
    quantity: stored(row.quantity),
    price: stored(row.price),
    fee: stored(row.fee),
  });
  const columns = {
    quantity: formatDecimal(after.quantity),
    cost: formatDecimal(after.cost),
    realised_pnl: formatDecimal(after.realisedPnl),
    fees: formatDecimal(after.fees),
    last_trade_id: row.trade_id,
    updated_at: at,
  };
  await tx
    .insertInto('positions')
    .values({ ...key, ...columns })
    .onConflict((conflict) =>
      conflict.columns(['exchange', 'symbol', 'strategy_id']).doUpdateSet(columns),
    )
    .execute();
}
