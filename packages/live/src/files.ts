import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createFolder, syncFolder } from '@tb/schema';

/**
 * Makes a folder and those above it, and makes each new name durable; those below `root` also when they are there, as a
 * process may have ended between making one and its sync.
 */
export async function makeDir(path: string, root: string = dirname(path)): Promise<void> {
  const first = await createFolder(path);
  const top = first === undefined ? root : dirname(first);
  const last = Math.min(top.length, root.length);
  for (let dir = dirname(path); dir.length >= last; dir = dirname(dir)) {
    await syncFolder(dir);
    if (dir === dirname(dir)) return;
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
