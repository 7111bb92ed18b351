import { unlinkSync } from 'node:fs';
import type { SqliteDatabase } from '@tb/locks';
import type { ManifestWriter } from './manifest-writer.ts';

/** Readers that planned with an older manifest may still open a file for so long. */
export const GARBAGE_DELAY_NS = 60_000_000_000n;

/** @internal Marks a file for removal, inside the transaction that takes it out of use. */
export function addGarbage(db: SqliteDatabase, path: string, now: bigint): void {
  db.prepare('INSERT OR REPLACE INTO garbage VALUES (?, ?)').run(path, now + GARBAGE_DELAY_NS);
  db.prepare('DELETE FROM verified WHERE path = ?').run(path);
}

/**
 * Unlinks files whose time has come, inside a fenced transaction. A file that is gone already counts as removed.
 * @returns Relative paths.
 */
export function sweepGarbage(writer: ManifestWriter): readonly string[] {
  return writer.write((db) => {
    const due = db
      .prepare('SELECT path FROM garbage WHERE delete_after_ns <= ? ORDER BY path')
      .pluck()
      .all(writer.now()) as string[];
    for (const path of due) {
      unlinkIfThere(writer.layout.absolute(path));
      db.prepare('DELETE FROM garbage WHERE path = ?').run(path);
    }
    return due;
  });
}

/** @internal A file that is gone already counts as removed. */
export function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
