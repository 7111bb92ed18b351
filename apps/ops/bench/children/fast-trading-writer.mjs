// Writes rows 1, 2, 3, ... to the execution log, one transaction each, at a stated rate, and sends each number after its commit.
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseManager, logExecution } from '@tb/manager';

const [root, perSecond] = process.argv.slice(2);
const manager = await DatabaseManager.open({ root, role: 'execution' });
let isStopped = false;
process.once('message', () => {
  isStopped = true;
});
const startedMs = performance.now();
let first = await manager.read('trading', (db) =>
  db
    .selectFrom('execution_log')
    .select((eb) => eb.fn.countAll().as('n'))
    .executeTakeFirstOrThrow(),
);
let number = Number(first.n);
first = undefined;
for (let written = 0; !isStopped; written += 1) {
  number += 1;
  const event = String(number);
  await manager.write('trading', (tx) => logExecution(tx, { event }));
  process.send(number);
  const aheadMs = (written / Number(perSecond)) * 1000 - (performance.now() - startedMs);
  if (aheadMs > 1) await sleep(aheadMs);
}
await manager.close();
process.disconnect();
