// Competes for a WriterLock; see the race harness of @tb/testkit.
import { join } from 'node:path';
import { isLockError, openSqlite, WriterLock } from '@tb/locks';
import { configOf, contend } from '../../../testkit/src/race/contender.mjs';

const { mode, worker } = configOf();
let db;

/** In a soak one database for the life of the process; in a race each round has a place of its own. */
function fenceOf(dir) {
  if (mode === 'race') return undefined;
  db ??= open(dir);
  return db;
}

function open(dir) {
  const fence = openSqlite(join(dir, 'rows.db'));
  fence.pragma('journal_mode = WAL');
  fence.pragma('synchronous = NORMAL');
  fence.exec(
    'CREATE TABLE IF NOT EXISTS rows (seq INTEGER PRIMARY KEY AUTOINCREMENT, epoch INTEGER NOT NULL, pid INTEGER NOT NULL)',
  );
  return fence;
}

await contend({
  async grab(dir, waitMs) {
    const fence = fenceOf(dir);
    try {
      const lock = await WriterLock.acquire(dir, {
        purpose: 'soak',
        waitMs,
        fence,
        heartbeat: worker ? 'worker' : 'main',
      });
      return {
        epoch: lock.epoch,
        write: () => {
          lock.assertHeld();
          if (fence !== undefined)
            lock.write((rows) =>
              rows
                .prepare('INSERT INTO rows (epoch, pid) VALUES (?, ?)')
                .run(lock.epoch, process.pid),
            );
        },
        release: () => lock.release(),
      };
    } catch (error) {
      if (isLockError(error, 'LOCK_HELD')) return undefined;
      throw error;
    }
  },
});
