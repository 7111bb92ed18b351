// Reads the execution log without pause until it is told to stop.
import { DatabaseManager } from '@tb/manager';

const manager = await DatabaseManager.open({ root: process.argv[2], role: 'reader' });
const report = { reads: 0, errors: [], odd: 0, backward: 0, last: 0 };
const count = () =>
  manager.read('trading', async (db) => {
    const rows = await db.selectFrom('execution_log').select('id').execute();
    const again = await db.selectFrom('execution_log').select('id').execute();
    if (again.length !== rows.length) report.errors.push('two counts in one read differ');
    return rows.length;
  });
async function look() {
  try {
    const seen = await count();
    report.reads += 1;
    if (seen % 2 !== 0) report.odd += 1;
    if (seen < report.last) report.backward += 1;
    report.last = seen;
  } catch (error) {
    report.errors.push(String(error.code ?? error));
  }
}
const writeRefused = await manager
  .read('trading', (db) => db.deleteFrom('execution_log').execute())
  .then(
    () => 'written',
    (error) => error.code,
  );
let isStopped = false;
process.on('message', () => {
  isStopped = true;
});
process.send({ ready: true, writeRefused });
while (!isStopped) {
  await look();
  await new Promise((resolve) => setImmediate(resolve));
}
await look();
process.send(report);
await manager.close();
process.disconnect();
