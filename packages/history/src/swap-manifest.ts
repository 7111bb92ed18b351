import { link, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { LockError, openSqlite, type SqliteDatabase } from '@tb/locks';
import { createFolder, type Layout, syncFolder } from '@tb/schema';
import { findStats } from './file-stats.ts';

/**
 * Puts a complete, closed manifest in the place of the old one, which is kept in quarantine/. The write-ahead log of the old
 * one is emptied first: it must not be replayed into the new file, and must not be missed if a crash comes before that is
 * there. So at every moment there is the old manifest or the new one, never none.
 *
 * @param isReadable The old manifest is whole. The log of a damaged one is kept beside it, as it is.
 * @returns Where the old one went; undefined when there was none.
 * @throws `SQLITE_BUSY` when readers hold the log.
 */
export async function swapManifest(
  layout: Layout,
  temporary: string,
  isReadable: boolean,
): Promise<string | undefined> {
  let moved: string | undefined;
  if (await findStats(layout.manifest)) {
    if (isReadable) drain(layout.manifest);
    await createFolder(layout.quarantine);
    const stamp = new Date().toISOString().replaceAll(':', '-');
    moved = join(layout.quarantine, `manifest-${stamp}.db`);
    await link(layout.manifest, moved);
    for (const suffix of ['-wal', '-shm']) {
      const log = `${layout.manifest}${suffix}`;
      if (!(await findStats(log))) continue;
      if (isReadable) await unlink(log);
      else await rename(log, `${moved}${suffix}`);
    }
    await syncFolder(layout.quarantine);
    await syncFolder(layout.marketData);
  }
  await rename(temporary, layout.manifest);
  await syncFolder(layout.marketData);
  return moved;
}

/**
 * Brings all of the write-ahead log into the database. Closing does that too, but says nothing when it cannot.
 *
 * @throws `SQLITE_BUSY` when readers hold the log; errors of SQLite.
 */
export function emptyLog(db: SqliteDatabase, path: string): void {
  const [result] = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all() as { busy: number }[];
  if (result?.busy)
    throw new LockError('SQLITE_BUSY', `Readers of ${path} hold its write-ahead log`);
}

function drain(path: string): void {
  const db = openSqlite(path, { mustExist: true });
  try {
    emptyLog(db, path);
  } finally {
    db.close();
  }
}
