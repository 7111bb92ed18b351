// Answers {root, exchange, from, to, stores}: reads market data through the packages as a user would, and the stores; one
// digest for all. A typed error is answered by its code. The built packages are imported by path.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';

const packages = new URL('../../../../', import.meta.url);
const load = (name) => import(new URL(`${name}/dist/index.js`, packages).href);
const { DatabaseManager } = await load('manager');
const { MarketDataQuery } = await load('queries');

async function textOf(result) {
  const hash = createHash('sha256');
  for await (const piece of result.toCsv()) hash.update(piece);
  return hash.digest('hex');
}

async function answer(manager, { exchange, from, to, stores }) {
  const query = new MarketDataQuery(manager.marketData, {
    calendarOf: (name) => manager.calendarOf(name),
  });
  const range = { exchange, from: BigInt(from), to: BigInt(to), onGap: 'report' };
  const out = { ticks: await textOf(await query.ticks(range)) };
  for (const timeframe of ['1m', '5m', '15m', '1h', '1d'])
    out[timeframe] = await textOf(await query.candles({ ...range, timeframe }));
  const exact = (_key, value) => (typeof value === 'bigint' ? `${value}n` : value);
  for (const [store, table] of stores ?? []) {
    const rows = await manager.read(store, (db) => db.selectFrom(table).selectAll().execute());
    out[store] = createHash('sha256').update(JSON.stringify(rows, exact)).digest('hex');
  }
  return out;
}

async function ask(question) {
  const duckdb = { memoryLimit: '256MB', threads: 1 };
  const manager = await DatabaseManager.open({ root: question.root, role: 'reader', duckdb });
  try {
    return await answer(manager, question);
  } finally {
    await manager.close();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = { value: await ask(JSON.parse(line)) };
  } catch (error) {
    reply = {
      code: typeof error.code === 'string' ? error.code : 'UNTYPED',
      message: `${error.name}: ${error.message}`,
    };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
