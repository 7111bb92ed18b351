import { link, open, unlink } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { createFolder, syncFolder } from '@tb/schema';
import type { ManifestWriter } from './manifest-writer.ts';

/** Where a file went and why. */
export interface Quarantined {
  /** Relative to the root. */
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/**
 * Moves a file that cannot be trusted to `quarantine/`, with its reason in a JSON beside it. The manifest keeps its row:
 * reads of the date say `DAY_FILE_MISSING` until the right file is restored or a correction is published.
 *
 * @param path Relative to the root. @throws errors of node:fs; `LOCK_LOST`, `LOCK_RELEASED`.
 */
export async function quarantineFile(
  writer: ManifestWriter,
  path: string,
  reason: string,
): Promise<Quarantined> {
  writer.lock.assertHeld();
  const { layout } = writer;
  const from = layout.absolute(path);
  const stamp = new Date(Number(writer.now() / 1_000_000n)).toISOString().replaceAll(':', '-');
  const name = `${path.split('/').slice(1).join('_')}-${stamp}`;
  await createFolder(layout.quarantine);
  const to = join(layout.quarantine, name);
  await writeReason(`${to}.reason.json`, path, reason, stamp);
  await link(from, to);
  await unlink(from);
  await syncFolder(layout.quarantine);
  await syncFolder(dirname(from));
  return { from: path, to: posix.join(basename(layout.quarantine), name), reason };
}

async function writeReason(path: string, from: string, reason: string, at: string): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(`${JSON.stringify({ path: from, reason, at }, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}
