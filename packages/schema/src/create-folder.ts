import { existsSync, mkdirSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it, as `mkdir` with `recursive` does.
 *
 * @returns The first folder that it made; undefined when all were there.
 * @throws What the system says. Node says ENOENT, "no such file or directory", when the disk is read-only or full; so the first
 *   folder that is missing is asked for again, alone.
 */
export async function createFolder(path: string): Promise<string | undefined> {
  try {
    return await mkdir(path, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
    const first = firstMissing(path);
    await mkdir(first);
    if (first !== path) await createFolder(path); // it could be made after all
    return first;
  }
}

/** `createFolder` for code that may not wait. */
export function createFolderSync(path: string): string | undefined {
  try {
    return mkdirSync(path, { recursive: true });
  } catch (error) {
    if (!isMissing(error)) throw error;
    const first = firstMissing(path);
    mkdirSync(first);
    if (first !== path) createFolderSync(path);
    return first;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

function firstMissing(path: string): string {
  let first = path;
  while (!existsSync(dirname(first))) first = dirname(first);
  return first;
}
