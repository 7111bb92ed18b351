// Issues three epochs in a database that runs with synchronous = NORMAL, and tells each once it was granted.
import { openSqlite, WriterLock } from '@tb/locks';

const { dir, careless } = JSON.parse(process.argv[2]);
const db = openSqlite(`${dir}/store.db`);
db.pragma('synchronous = NORMAL');
for (let i = 0; i < 3; i++) {
  if (careless) {
    // The control: an epoch that is not forced to the disk.
    db.exec('BEGIN IMMEDIATE; UPDATE writer_fence SET epoch = epoch + 1; COMMIT');
    const epoch = db.prepare('SELECT epoch FROM writer_fence').pluck().get();
    process.stdout.write(`epoch ${epoch}\n`);
    continue;
  }
  const lock = await WriterLock.acquire(dir, { purpose: 'test', fence: db });
  process.stdout.write(`epoch ${lock.epoch}\n`);
  await lock.release();
}
db.close();
