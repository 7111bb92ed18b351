import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDir } from './files.ts';
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
  for (const path of due) await rm(join(layout.liveDir(exchange), path), { force: true });
  await syncDir(layout.segmentsDir(exchange));
  writer.step('garbage.unlinked');
  writer.transact(() => {
    const forget = db.prepare('DELETE FROM garbage WHERE path = ?');
    for (const path of due) forget.run(path);
  });
  return due.length;
}

/** Files that wait for their time. */
export function countGarbage(writer: Writer): number {
  return Number(writer.db.prepare('SELECT count(*) FROM garbage').pluck().get());
}
