import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from '@tb/schema';
import { findStats, syncFolder } from './file-bytes.ts';

/**
 * Puts a complete, closed manifest in the place of the old one, which moves to quarantine/ with its -wal and -shm: a -wal
 * that stayed would be replayed into the new file. A crash in between leaves no manifest, and the rebuild runs again.
 *
 * @returns Where the old one went; undefined when there was none.
 */
export async function swapManifest(layout: Layout, temporary: string): Promise<string | undefined> {
  let moved: string | undefined;
  if (await findStats(layout.manifest)) {
    await mkdir(layout.quarantine, { recursive: true });
    const stamp = new Date().toISOString().replaceAll(':', '-');
    moved = join(layout.quarantine, `manifest-${stamp}.db`);
    await rename(layout.manifest, moved);
    for (const suffix of ['-wal', '-shm'])
      if (await findStats(`${layout.manifest}${suffix}`))
        await rename(`${layout.manifest}${suffix}`, `${moved}${suffix}`);
    await syncFolder(layout.quarantine);
  }
  await rename(temporary, layout.manifest);
  await syncFolder(layout.marketData);
  return moved;
}
