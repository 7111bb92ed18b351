// As a newer version of the packages would, brings trading.db from the schema of today to a next one: a column, a table, and
// a row of it for each order. Prints "upgraded" afterwards. The built packages are imported by path.
// usage: schema-upgrade.mjs ROOT
import { createHash } from 'node:crypto';
import { join } from 'node:path';

const packages = new URL('../../../../', import.meta.url);
const { openSqlite, WriterLock } = await import(new URL('locks/dist/index.js', packages).href);
const { migrate, migrationsOf } = await import(new URL('schema/dist/index.js', packages).href);

const sql = `ALTER TABLE orders ADD COLUMN desk TEXT NOT NULL DEFAULT 'main';
CREATE TABLE order_notes (client_order_id TEXT PRIMARY KEY, note TEXT NOT NULL) STRICT;
INSERT INTO order_notes SELECT client_order_id, 'order of ' || symbol FROM orders;
UPDATE orders SET desk = 'first' WHERE quantity % 2 = 0;`;

function steps() {
  const shipped = migrationsOf('trading');
  const sha256 = createHash('sha256').update(sql).digest('hex');
  return [...shipped, { id: shipped.length + 1, name: 'desks', sql, sha256 }];
}

const dir = join(process.argv[2], 'data', 'trading');

try {
  const db = openSqlite(join(dir, 'trading.db'));
  try {
    db.pragma('synchronous = FULL');
    const lock = await WriterLock.acquire(dir, {
      fence: db,
      purpose: 'schema upgrade',
      waitMs: 2000,
    });
    try {
      migrate(db, 'trading', '2.0.0', steps());
      process.stdout.write('upgraded\n');
    } finally {
      await lock.release();
    }
  } finally {
    db.close();
  }
} catch (error) {
  const { name, code, message } = error;
  process.stderr.write(`Error: ${name} ${code}: ${message}\n`);
  process.exitCode = code === 'LOCK_HELD' ? 75 : 3;
}
