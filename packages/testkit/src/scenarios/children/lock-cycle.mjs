// Acquires and releases the writer lock of a folder five times, with a fenced write each, and prints each epoch after its
// write has committed. The built package is imported by path.
// usage: lock-cycle.mjs DIR
import { join } from 'node:path';

const packages = new URL('../../../../', import.meta.url);
const { FENCE_DDL, openSqlite, WriterLock } = await import(
  new URL('locks/dist/index.js', packages).href
);

const dir = process.argv[2];

try {
  for (let round = 0; round < 5; round += 1) {
    const db = openSqlite(join(dir, 'store.db'));
    try {
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.exec(FENCE_DDL);
      db.exec('CREATE TABLE IF NOT EXISTS epochs (epoch INTEGER PRIMARY KEY) STRICT');
      const lock = await WriterLock.acquire(dir, {
        fence: db,
        purpose: 'fault scenario',
        waitMs: 2000,
      });
      try {
        lock.write((inside) => inside.prepare('INSERT INTO epochs VALUES (?)').run(lock.epoch));
        process.stdout.write(`${lock.epoch}\n`);
      } finally {
        await lock.release();
      }
    } finally {
      db.close();
    }
  }
} catch (error) {
  const { name, code, message } = error;
  process.stderr.write(`Error: ${name} ${code}: ${message}\n`);
  process.exitCode = code === 'LOCK_HELD' ? 75 : 3;
}
