import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncFolder } from '@tb/schema';
import type { Writer } from './writer.ts';

/**
 * Unlinks files that have been off the list long enough, then forgets them: in this order, so that a file that is there
 * is either listed or garbage. The folder is synced in between: a power cut cannot bring a forgotten file back.
 *
 * @returns How many files went.
 */
export async function sweepGarbage(writer: Writer): Promise<number> {
  const { db, layout, exchange } = writer;
  const due = db
    .prepare('SELECT path FROM garbage WHERE delete_after_ns <= ?')
    .pluck()
    .all(writer.now()) as string[];
  if (due.length === 0) return 0;
  writer.step('garbage.before_unlink');
  const gone: string[] = [];
  for (const path of due) if (await unlinked(join(layout.liveDir(exchange), path))) gone.push(path);
  await syncFolder(layout.segmentsDir(exchange));
  writer.step('garbage.unlinked');
  writer.transact(() => {
    const forget = db.prepare('DELETE FROM garbage WHERE path = ?');
    for (const path of gone) forget.run(path);
  });
  return gone.length;
}

/** Some systems do not unlink a file that a reader has open: it stays on the list, and is tried again. */
async function unlinked(path: string): Promise<boolean> {
  try {
    await rm(path, { force: true });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EBUSY' || code === 'EPERM' || code === 'EACCES') return false;
    throw error;
  }
}

/** Files that wait for their time. */
export function countGarbage(writer: Writer): number {
  return Number(writer.db.prepare('SELECT count(*) FROM garbage').pluck().get());
}
