import { formatDecimal, multiply, parseDecimal, sign } from '@tb/manager';
import { decimalText } from '../decimal-text.ts';
import type { LegacyRow } from './legacy-row.ts';
import { RowProblem } from './row-problem.ts';
import { sideOfText } from './side-of-text.ts';
import { type StoreMapper, storeMapper } from './store-mapper.ts';
import type { TargetRow } from './target-row.ts';

const FILLED =
  /^(partial(ly)?([_ ]?fill(ed)?)?|fill(ed)?|complete[d]?|executed|traded|closed|done)$/;
const NOT_FILLED =
  /^(rejected|cancel(l?ed)?|pending|open|new|failed|expired|submitted|accepted|error|trigger[ _]?pending)$/;

/** Exact money: the text of a DECIMAL or the shortest text of a DOUBLE, never a float on the way. */
function needAmount<Role extends string>(
  row: LegacyRow<Role>,
  role: Role,
  label: 'price' | 'quantity',
): string {
  const text = row.filled(role);
  const missing = label === 'price' ? 'price_missing' : 'quantity_missing';
  if (text === undefined) throw new RowProblem(missing);
  if (!Number.isFinite(Number(text)))
    throw new RowProblem(label === 'price' && /nan|inf/i.test(text) ? 'price_not_finite' : missing);
  const amount = decimalText(text);
  if (amount === undefined) throw new RowProblem('amount_not_exact');
  if (sign(parseDecimal(amount, 'An amount')) <= 0)
    throw new RowProblem(label === 'price' ? 'price_not_positive' : 'quantity_not_positive');
  return amount;
}

/** A fee may be absent (0) or negative (a rebate). */
function feeOf<Role extends string>(row: LegacyRow<Role>, role: Role): string {
  const text = row.filled(role);
  if (text === undefined) return '0';
  const fee = decimalText(text);
  if (fee === undefined) throw new RowProblem('amount_not_exact');
  return fee;
}

function needSide<Role extends string>(row: LegacyRow<Role>, role: Role): 'buy' | 'sell' {
  const side = sideOfText(row.text(role));
  if (side === undefined) throw new RowProblem('side_unknown');
  return side;
}

type FillRole =
  | 'id'
  | 'signal'
  | 'strategy'
  | 'time'
  | 'key'
  | 'side'
  | 'quantity'
  | 'price'
  | 'fee'
  | 'status';

/** Generation 2: one row a fill; entry and exit share a signal. */
export const fills: StoreMapper = storeMapper<FillRole>({
  store: 'trading',
  target: 'trading.trades',
  order: 2,
  hasAttributes: true,
  aliases: {
    id: ['trade_id', 'fill_id'],
    signal: ['signal_id'],
    strategy: ['strategy_id', 'strategy'],
    time: ['timestamp', 'ts', 'trade_time', 'filled_at', 'created_at'],
    key: ['instrument_key', 'symbol'],
    side: ['direction', 'side'],
    quantity: ['quantity', 'qty'],
    price: ['price', 'fill_price'],
    fee: ['fees', 'fee', 'commission'],
    status: ['status'],
  },
  required: ['id', 'time', 'key', 'side', 'quantity', 'price'],
  times: ['time'],
  eventTimes: ['time'],
  eventKey: 'key',
  map: (row) => {
    const tradeId = row.needKey('id');
    const { exchange, symbol } = row.needInstrument('key');
    const status = row.filled('status')?.trim().toLowerCase();
    if (status !== undefined && NOT_FILLED.test(status)) throw new RowProblem('not_filled');
    if (status !== undefined && !FILLED.test(status)) throw new RowProblem('status_unknown');
    if (status !== undefined) row.keep('status');
    const side = needSide(row, 'side');
    const quantity = needAmount(row, 'quantity', 'quantity');
    const price = needAmount(row, 'price', 'price');
    const ts = row.needEvent('time', symbol);
    return {
      row: fillRow({
        exchange,
        trade_id: tradeId,
        symbol,
        side,
        quantity,
        price,
        fee: feeOf(row, 'fee'),
        strategy_id: row.filled('strategy') ?? null,
        signal_id: row.filled('signal') ?? null,
        ts,
        attributes: row.attributes(),
      }),
    };
  },
});

/** `recorded_at` is the time of the trade: when the old bot wrote it down is not known. */
function fillRow(values: {
  readonly exchange: string;
  readonly trade_id: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly quantity: string;
  readonly price: string;
  readonly fee: string;
  readonly strategy_id: string | null;
  readonly signal_id: string | null;
  readonly ts: bigint;
  readonly attributes: string | null;
}): TargetRow {
  const { attributes, ...rest } = values;
  return {
    table: 'trades',
    values: { ...rest, client_order_id: null, recorded_at: values.ts, attributes },
  };
}

export type RoundTripRole =
  | 'id'
  | 'run'
  | 'tradeType'
  | 'option'
  | 'key'
  | 'side'
  | 'quantity'
  | 'entryTime'
  | 'entryPrice'
  | 'exitTime'
  | 'exitPrice'
  | 'fee'
  | 'pnl'
  | 'strategy'
  | 'signal';

export const ROUND_TRIP_ALIASES: Readonly<Record<RoundTripRole, readonly string[]>> = {
  id: ['trade_id', 'id'],
  run: ['run_id'],
  tradeType: ['trade_type'],
  option: ['option_instrument_key'],
  key: ['instrument_key', 'symbol'],
  side: ['direction', 'side'],
  quantity: ['quantity', 'qty'],
  entryTime: ['entry_time', 'entry_ts', 'created_at', 'timestamp'],
  entryPrice: ['entry_price'],
  exitTime: ['exit_time', 'exit_ts', 'closed_at'],
  exitPrice: ['exit_price'],
  fee: ['fees', 'fee', 'commission'],
  pnl: ['pnl'],
  strategy: ['strategy_id', 'strategy'],
  signal: ['signal_id'],
};

/** Where a round trip of generation 1 belongs. */
export function homeOfRoundTrip(row: LegacyRow<RoundTripRole>): 'run' | 'trading' | 'archive' {
  const type = row.filled('tradeType')?.toLowerCase();
  if (type === undefined) return row.filled('run') === undefined ? 'trading' : 'run';
  if (type.includes('backtest')) return 'run';
  return /paper|simul|demo|dry/.test(type) ? 'archive' : 'trading';
}

/** Generation 1: one row a round trip, which is a fill at the entry and, once closed, one at the exit. */
export const roundTrips: StoreMapper = storeMapper<RoundTripRole>({
  store: 'trading',
  target: 'trading.trades',
  order: 3,
  hasAttributes: true,
  aliases: ROUND_TRIP_ALIASES,
  required: ['id', 'key', 'side', 'quantity', 'entryPrice', 'entryTime'],
  times: ['entryTime', 'exitTime'],
  eventTimes: ['entryTime', 'exitTime'],
  eventKey: 'key',
  map: (row) => {
    const home = homeOfRoundTrip(row);
    if (home !== 'trading') return home === 'run' ? 'elsewhere' : 'archived';
    const id = row.needKey('id');
    const role = row.filled('option') === undefined ? 'key' : 'option';
    const { exchange, symbol } = row.needInstrument(role);
    const block = row.text('key') ?? '';
    if (role === 'option') row.keep('key', 'underlying');
    const side = needSide(row, 'side');
    const quantity = needAmount(row, 'quantity', 'quantity');
    const entry = {
      price: needAmount(row, 'entryPrice', 'price'),
      ts: row.needEvent('entryTime', block),
    };
    const isClosed = row.filled('exitPrice') !== undefined;
    const exit = isClosed
      ? { price: needAmount(row, 'exitPrice', 'price'), ts: row.needEvent('exitTime', block) }
      : undefined;
    for (const kept of ['tradeType', 'run', 'pnl'] as const)
      row.keep(kept, ROUND_TRIP_ALIASES[kept][0]);
    const common = {
      exchange,
      symbol,
      quantity,
      strategy_id: row.filled('strategy') ?? null,
      signal_id: row.filled('signal') ?? null,
    };
    // The fee is of both fills together: it is booked once, at the entry.
    const first = fillRow({
      ...common,
      ...entry,
      trade_id: `${id}:entry`,
      side,
      fee: feeOf(row, 'fee'),
      attributes: row.attributes(),
    });
    if (!exit) return { row: first };
    const second = fillRow({
      ...common,
      ...exit,
      trade_id: `${id}:exit`,
      side: side === 'buy' ? 'sell' : 'buy',
      fee: '0',
      attributes: null,
    });
    return { row: first, more: [second] };
  },
});

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

/** What the old bot believed to hold. Compared with what the fills give. */
export const positions: StoreMapper = storeMapper({
  store: 'trading',
  target: 'trading.positions',
  order: 4,
  hasAttributes: true,
  aliases: {
    key: ['option_instrument_key', 'instrument_key', 'symbol'],
    strategy: ['strategy_id', 'strategy'],
    side: ['side', 'direction'],
    quantity: ['quantity', 'qty', 'net_quantity', 'net_qty'],
    price: ['average_price', 'avg_price', 'entry_price'],
    pnl: ['realised_pnl', 'realized_pnl'],
    fee: ['fees', 'fee'],
    updatedAt: ['updated_at', 'timestamp', 'entry_time', 'created_at'],
  },
  required: ['key', 'quantity'],
  times: ['updatedAt'],
  map: (row) => {
    const { exchange, symbol } = row.needInstrument('key');
    const text = row.filled('quantity');
    const plain = text === undefined ? undefined : decimalText(text);
    if (plain === undefined) throw new RowProblem('quantity_missing');
    const isSold =
      sideOfText(row.text('side')) === 'sell' && !plain.startsWith('-') && plain !== '0';
    const quantity = isSold ? `-${plain}` : plain;
    const price = row.decimal('price');
    return {
      row: {
        table: 'positions',
        values: {
          exchange,
          symbol,
          strategy_id: row.filled('strategy') ?? '',
          quantity,
          cost: costOf(quantity, price),
          realised_pnl: row.decimal('pnl') ?? '0',
          fees: row.decimal('fee') ?? '0',
          last_trade_id: null,
          updated_at: row.record('updatedAt') ?? 0n,
          attributes: row.attributes(),
        },
      },
    };
  },
});

function costOf(quantity: string, price: string | null): string {
  if (price === null) {
    if (quantity === '0') return '0';
    throw new RowProblem('price_missing');
  }
  return formatDecimal(
    multiply(parseDecimal(quantity, 'A quantity'), parseDecimal(price, 'A price')),
  );
}
