import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createFolder } from '@tb/schema';

/** Makes the names inside a folder survive a power cut. On Windows, which has no such call, does nothing. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes a folder and those above it, each name durable. An existing one is left as it is. */
export async function makeDirectory(path: string): Promise<void> {
  const first = await createFolder(path);
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made))
    await syncDirectory(dirname(made));
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
  await syncDirectory(dirname(path));
}
