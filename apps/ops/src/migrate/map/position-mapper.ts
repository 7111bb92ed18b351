import { formatDecimal, multiply, parseDecimal } from '@tb/manager';
import { decimalText } from '../decimal-text.ts';
import { RowProblem } from './row-problem.ts';
import { sideOfText } from './side-of-text.ts';
import { type StoreMapper, storeMapper } from './store-mapper.ts';

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
