import { needAmount, needSide } from './amounts.ts';
import { RowProblem } from './row-problem.ts';
import { type StoreMapper, storeMapper } from './store-mapper.ts';

const ORDER_STATES: Readonly<Record<string, string>> = {
  new: 'new',
  pending: 'submitted',
  submitted: 'submitted',
  open: 'accepted',
  accepted: 'accepted',
  'trigger pending': 'accepted',
  partial: 'partially_filled',
  partially_filled: 'partially_filled',
  filled: 'filled',
  complete: 'filled',
  completed: 'filled',
  executed: 'filled',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  rejected: 'rejected',
  failed: 'rejected',
  expired: 'expired',
};

const ORDER_TYPES: Readonly<Record<string, string>> = {
  market: 'market',
  mkt: 'market',
  limit: 'limit',
  lmt: 'limit',
  stop: 'stop',
  'sl-m': 'stop',
  slm: 'stop',
  stop_limit: 'stop_limit',
  sl: 'stop_limit',
};

export const orders: StoreMapper = storeMapper({
  store: 'trading',
  target: 'trading.orders',
  order: 1,
  hasAttributes: true,
  aliases: {
    id: ['client_order_id', 'order_id'],
    key: ['instrument_key', 'symbol'],
    side: ['side', 'direction', 'transaction_type'],
    type: ['order_type', 'type'],
    timeInForce: ['time_in_force', 'validity'],
    quantity: ['quantity', 'qty'],
    limitPrice: ['limit_price', 'price'],
    stopPrice: ['stop_price', 'trigger_price'],
    filled: ['filled_quantity', 'filled_qty'],
    status: ['state', 'status'],
    exchangeOrder: ['exchange_order_id', 'broker_order_id'],
    strategy: ['strategy_id', 'strategy'],
    signal: ['signal_id'],
    reason: ['reason', 'status_message'],
    createdAt: ['created_at', 'timestamp', 'order_timestamp', 'placed_at'],
    updatedAt: ['updated_at'],
  },
  required: ['id', 'key', 'side', 'quantity', 'createdAt'],
  times: ['createdAt', 'updatedAt'],
  eventTimes: ['createdAt'],
  eventKey: 'key',
  map: (row) => {
    const { exchange, symbol } = row.needInstrument('key');
    const state = ORDER_STATES[row.needText('status').trim().toLowerCase()];
    if (state === undefined) throw new RowProblem('status_unknown');
    const createdAt = row.needEvent('createdAt', symbol);
    const [limit, stop] = [row.decimal('limitPrice'), row.decimal('stopPrice')];
    const isLimit = limit !== null && limit !== '0';
    const isStop = stop !== null && stop !== '0';
    const implied = isStop ? (isLimit ? 'stop_limit' : 'stop') : isLimit ? 'limit' : 'market';
    const said = row.filled('type')?.trim().toLowerCase();
    const type = said === undefined ? implied : ORDER_TYPES[said];
    if (type === undefined) throw new RowProblem('status_unknown');
    const validity = row.filled('timeInForce')?.trim().toLowerCase() ?? 'day';
    if (!['day', 'gtc', 'ioc', 'fok'].includes(validity)) row.keep('timeInForce', 'time_in_force');
    return {
      row: {
        table: 'orders',
        values: {
          client_order_id: row.needKey('id'),
          exchange,
          symbol,
          side: needSide(row, 'side'),
          type,
          time_in_force: ['day', 'gtc', 'ioc', 'fok'].includes(validity) ? validity : 'day',
          quantity: needAmount(row, 'quantity', 'quantity'),
          limit_price: isLimit ? limit : null,
          stop_price: isStop ? stop : null,
          filled_quantity: row.decimal('filled') ?? '0',
          state,
          exchange_order_id: row.filled('exchangeOrder') ?? null,
          strategy_id: row.filled('strategy') ?? null,
          signal_id: row.filled('signal') ?? null,
          reason: row.filled('reason') ?? null,
          created_at: createdAt,
          updated_at: row.record('updatedAt') ?? createdAt,
          attributes: row.attributes(),
        },
      },
    };
  },
});
