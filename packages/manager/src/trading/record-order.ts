import type { TradingDatabase } from '@tb/schema';
import type { Kysely } from 'kysely';
import { ManagerError } from '../errors.ts';
import { type Attributes, attributesText } from './attributes.ts';
import { clockNs } from './clock.ts';
import { formatDecimal, parseDecimal, sign } from './decimal.ts';
import type { OrderState } from './order-state.ts';

type Orders = TradingDatabase['orders'];

/** An order before it is sent. Decimals are text: '167.42'. */
export interface NewOrder {
  /** Given by the caller, unique for ever: the key that makes a repeat harmless. */
  readonly clientOrderId: string;
  readonly exchange: string;
  readonly symbol: string;
  readonly side: Orders['side'];
  readonly type: Orders['type'];
  /** Default 'day'. */
  readonly timeInForce?: Orders['time_in_force'] | undefined;
  /** Above zero. */
  readonly quantity: string;
  /** For limit and stop_limit, and for no other type. */
  readonly limitPrice?: string | undefined;
  /** For stop and stop_limit, and for no other type. */
  readonly stopPrice?: string | undefined;
  readonly strategyId?: string | undefined;
  readonly signalId?: string | undefined;
  /** Default 'new'. */
  readonly state?: Extract<OrderState, 'new' | 'submitted' | 'accepted'> | undefined;
  /** ns UTC; the clock by default. */
  readonly createdAt?: bigint | undefined;
  readonly attributes?: Attributes | undefined;
}

/**
 * Records an order, before it is sent to the exchange. The same order again is `already_recorded`, whatever its state is by
 * now.
 *
 * @param tx What `manager.write('trading', ...)` gives.
 * @throws `ORDER_CONFLICT` when the id has another order; `BAD_DECIMAL`; TypeError for a price that the type does not have
 */
export async function recordOrder(
  tx: Kysely<TradingDatabase>,
  order: NewOrder,
): Promise<'recorded' | 'already_recorded'> {
  const row = contentOf(order);
  const known = await tx
    .selectFrom('orders')
    .selectAll()
    .where('client_order_id', '=', order.clientOrderId)
    .executeTakeFirst();
  if (known) {
    const differing = (Object.keys(row) as (keyof typeof row)[]).filter(
      (column) => known[column] !== row[column],
    );
    if (differing.length === 0) return 'already_recorded';
    throw new ManagerError(
      'ORDER_CONFLICT',
      `Order ${order.clientOrderId} is recorded with another ${differing.join(', ')}`,
    );
  }
  const at = order.createdAt ?? clockNs();
  await tx
    .insertInto('orders')
    .values({
      ...row,
      state: order.state ?? 'new',
      created_at: at,
      updated_at: at,
      attributes: attributesText(order.attributes),
    })
    .execute();
  return 'recorded';
}

/** The columns that make an order the same order. */
function contentOf(order: NewOrder) {
  assertPrices(order);
  const quantity = parseDecimal(order.quantity, 'The quantity of an order');
  if (sign(quantity) <= 0)
    throw new ManagerError('BAD_DECIMAL', 'The quantity of an order is not above zero');
  const price = (text: string | undefined, what: string): string | null =>
    text === undefined ? null : formatDecimal(parseDecimal(text, what));
  return {
    client_order_id: order.clientOrderId,
    exchange: order.exchange,
    symbol: order.symbol,
    side: order.side,
    type: order.type,
    time_in_force: order.timeInForce ?? ('day' as const),
    quantity: formatDecimal(quantity),
    limit_price: price(order.limitPrice, 'The limit price of an order'),
    stop_price: price(order.stopPrice, 'The stop price of an order'),
    strategy_id: order.strategyId ?? null,
    signal_id: order.signalId ?? null,
  };
}

function assertPrices(order: NewOrder): void {
  const wantsLimit = order.type === 'limit' || order.type === 'stop_limit';
  const wantsStop = order.type === 'stop' || order.type === 'stop_limit';
  if (wantsLimit !== (order.limitPrice !== undefined))
    throw new TypeError(`An order of type ${order.type} has ${wantsLimit ? 'a' : 'no'} limitPrice`);
  if (wantsStop !== (order.stopPrice !== undefined))
    throw new TypeError(`An order of type ${order.type} has ${wantsStop ? 'a' : 'no'} stopPrice`);
}
