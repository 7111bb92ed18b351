import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createFolder, syncFolder } from '@tb/schema';

/** Makes a folder and those above it, each name durable. An existing one is left as it is. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await createFolder(path);
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made))
    await syncFolder(dirname(made));
}

/**
 * Writes a small text file that is old or new after a crash, never between. For one writer at a time: the temporary name is
 * always the same, so that what a crash left is written over and renamed by the next call.
 */
export async function replaceTextFile(path: string, text: string): Promise<void> {
  const temporary = join(dirname(path), `.tmp-${basename(path)}`);
  try {
    const file = await open(temporary, 'w', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
