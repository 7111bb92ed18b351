// Tries to become the owner of what its arguments name, and tells the code of the refusal.
import { DatabaseManager } from '@tb/manager';

const [root, role, exchange] = process.argv.slice(2);
const exchanges = exchange ? { exchanges: [exchange] } : {};
try {
  const manager = await DatabaseManager.open({ root, role, ...exchanges });
  await manager.close();
  process.send({ code: 'opened' });
} catch (error) {
  process.send({ code: error.code });
}
process.disconnect();
