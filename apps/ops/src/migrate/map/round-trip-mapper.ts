import { feeOf, needAmount, needSide } from './amounts.ts';
import { fillRow } from './fill-mapper.ts';
import type { LegacyRow } from './legacy-row.ts';
import { type StoreMapper, storeMapper } from './store-mapper.ts';

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
