// Commits five rows, then stays inside a transaction until it is killed.
import { DatabaseManager } from '@tb/manager';

const manager = await DatabaseManager.open({ root: process.argv[2], role: 'api' });
const insert = (tx, key) =>
  tx.insertInto('settings').values({ key, value: '1', updated_at: 1n }).execute();
for (let key = 0; key < 5; key++) await manager.write('config', (tx) => insert(tx, String(key)));
await manager.write('config', async (tx) => {
  await insert(tx, 'never committed');
  process.send({ state: 'inside a transaction', committed: 5 });
  await new Promise(() => setInterval(() => {}, 1_000));
});
