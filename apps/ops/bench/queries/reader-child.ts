/** `reader-child ROOT COUNT`: asks COUNT small queries one by one and prints what came of them. */
import { DatabaseManager } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import { calendar } from './made-store.ts';
import { smallReads } from './small-reads.ts';

const [root = '', count = '1'] = process.argv.slice(2);
await using manager = await DatabaseManager.open({ root, role: 'reader' });
const query = new MarketDataQuery(manager.marketData, { calendarOf: () => calendar });
console.log(JSON.stringify(await smallReads(query, Number(count), 'one by one')));
