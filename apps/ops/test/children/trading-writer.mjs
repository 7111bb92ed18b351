// Writes rows 1, 2, 3, ... to the execution log, one transaction each, and sends each number after its commit.
import { DatabaseManager, logExecution } from '@tb/manager';

const manager = await DatabaseManager.open({ root: process.argv[2], role: 'execution' });
let isStopped = false;
process.once('message', () => {
  isStopped = true;
});
for (let number = 1; !isStopped; number += 1) {
  await manager.write('trading', (tx) => logExecution(tx, { event: String(number) }));
  process.send(number);
  await new Promise((resolve) => setImmediate(resolve));
}
await manager.close();
process.disconnect();
