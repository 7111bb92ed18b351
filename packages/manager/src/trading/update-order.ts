import type { TradingDatabase } from '@tb/schema';
import type { Kysely } from 'kysely';
import { ManagerError } from '../errors.ts';
import { clockNs } from './clock.ts';
import { canBecome, type OrderState } from './order-state.ts';

/** What an exchange answered about an order, fills aside. */
export interface OrderUpdate {
  readonly clientOrderId: string;
  readonly state?: Exclude<OrderState, 'partially_filled' | 'filled'> | undefined;
  readonly exchangeOrderId?: string | undefined;
  readonly reason?: string | undefined;
  /** ns UTC; the clock by default. */
  readonly at?: bigint | undefined;
}

/**
 * Changes the state of an order, or notes its id at the exchange. The same update again changes nothing.
 * @throws `ORDER_UNKNOWN`; `ORDER_CONFLICT` for a change that its state does not allow, or another exchange order id
 */
export async function updateOrder(tx: Kysely<TradingDatabase>, update: OrderUpdate): Promise<void> {
  const order = await tx
    .selectFrom('orders')
    .select(['state', 'exchange_order_id'])
    .where('client_order_id', '=', update.clientOrderId)
    .executeTakeFirst();
  if (!order)
    throw new ManagerError('ORDER_UNKNOWN', `Order ${update.clientOrderId} is not recorded`);
  if (update.state !== undefined && !canBecome(order.state, update.state))
    throw new ManagerError(
      'ORDER_CONFLICT',
      `Order ${update.clientOrderId} is ${order.state} and cannot become ${update.state}`,
    );
  const known = order.exchange_order_id;
  if (update.exchangeOrderId !== undefined && known !== null && known !== update.exchangeOrderId)
    throw new ManagerError(
      'ORDER_CONFLICT',
      `Order ${update.clientOrderId} has another exchange order id already`,
    );
  await tx
    .updateTable('orders')
    .set({
      ...(update.state === undefined ? {} : { state: update.state }),
      ...(update.exchangeOrderId === undefined
        ? {}
        : { exchange_order_id: update.exchangeOrderId }),
      ...(update.reason === undefined ? {} : { reason: update.reason }),
      updated_at: update.at ?? clockNs(),
    })
    .where('client_order_id', '=', update.clientOrderId)
    .execute();
}
