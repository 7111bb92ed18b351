// As the execution engine, writes twenty orders, a transaction each, and acknowledges each on stdout by its id. Orders that
// are there already are not written again. The built packages are imported by path.
// usage: trading-writer.mjs ROOT
import { join } from 'node:path';

const packages = new URL('../../../../', import.meta.url);
const { DatabaseManager } = await import(new URL('manager/dist/index.js', packages).href);

const root = join(process.argv[2], 'data');

function orderOf(number) {
  const at = 1_770_000_000_000_000_000n + BigInt(number);
  return {
    client_order_id: `order-${String(number).padStart(3, '0')}`,
    exchange: 'nse',
    symbol: 'NSE_EQ|TEST0001',
    side: number % 2 === 0 ? 'buy' : 'sell',
    type: 'limit',
    time_in_force: 'day',
    quantity: String(number),
    limit_price: `${100 + number}.05`,
    state: 'new',
    created_at: at,
    updated_at: at,
  };
}

async function writeAll(manager) {
  for (let number = 1; number <= 20; number += 1) {
    const order = orderOf(number);
    await manager.write('trading', async (tx) => {
      const id = order.client_order_id;
      const found = await tx
        .selectFrom('orders')
        .select('client_order_id')
        .where('client_order_id', '=', id)
        .execute();
      if (found.length > 0) return;
      await tx.insertInto('orders').values(order).execute();
      const event = { ts: order.created_at, client_order_id: id, event: 'created' };
      await tx.insertInto('execution_log').values(event).execute();
    });
    process.stdout.write(`${order.client_order_id}\n`);
  }
}

try {
  const manager = await DatabaseManager.open({ root, role: 'execution' });
  try {
    await writeAll(manager);
  } finally {
    await manager.close();
  }
} catch (error) {
  const { name, code, message } = error;
  process.stderr.write(`Error: ${name} ${code}: ${message}\n`);
  process.exitCode = code === 'LOCK_HELD' ? 75 : 3;
}
