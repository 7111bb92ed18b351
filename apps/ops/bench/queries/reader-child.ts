/** `reader-child ROOT SYMBOLS COUNT`: asks COUNT small queries and prints how many failed. */
import { DatabaseManager } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import { calendar, candlesIn, EXCHANGE, symbolNames } from './made-store.ts';

const [root = '', symbols = '1', count = '1'] = process.argv.slice(2);
const names = symbolNames(Number(symbols));
const sessions = calendar.sessionsBetween('2024-01-01', '2025-01-01');
await using manager = await DatabaseManager.open({ root, role: 'reader' });
const query = new MarketDataQuery(manager.marketData, { calendarOf: () => calendar });
let errors = 0;
for (let i = 0; i < Number(count); i++) {
  const { open: from, close: to } = sessions[(i * 31 + process.pid) % sessions.length]!;
  const symbol = names[(i * 7) % names.length]!;
  try {
    const result = await query.candles({ exchange: EXCHANGE, symbol, timeframe: '5m', from, to });
    if ((await result.columns()).rows !== candlesIn({ open: from, close: to })) errors += 1;
  } catch (error) {
    errors += 1;
    console.error(error);
  }
}
console.log(JSON.stringify({ errors }));
