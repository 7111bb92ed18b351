import { feeOf, needAmount, needSide } from './amounts.ts';
import { RowProblem } from './row-problem.ts';
import { type StoreMapper, storeMapper } from './store-mapper.ts';
import type { TargetRow } from './target-row.ts';

const FILLED =
  /^(partial(ly)?([_ ]?fill(ed)?)?|fill(ed)?|complete[d]?|executed|traded|closed|done)$/;
const NOT_FILLED =
  /^(rejected|cancel(l?ed)?|pending|open|new|failed|expired|submitted|accepted|error|trigger[ _]?pending)$/;

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
export function fillRow(values: {
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
