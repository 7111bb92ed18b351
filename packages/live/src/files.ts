import { link, open, unlink } from 'node:fs/promises';

/** Makes names in a folder durable. */
export async function syncDir(path: string): Promise<void> {
  if (process.platform === 'win32') return; // a folder cannot be opened there, and NTFS journals its names
  const dir = await open(path, 'r');
  try {
    await dir.sync();
  } finally {
    await dir.close();
  }
}

/** Makes the content of a file durable. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Gives a file its final name; unlike `rename` it refuses a name that exists. The temporary name goes afterwards. */
export async function takeName(temporary: string, final: string): Promise<void> {
  await link(temporary, final);
  await unlink(temporary);
}
