import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { FileIdentity } from './day-file.ts';

/** What stays the same while a file is the same bytes. A rename or link does not change it. */
export function identityOf(stats: BigIntStats): FileIdentity {
  return {
    dev: String(stats.dev),
    ino: String(stats.ino),
    size: String(stats.size),
    mtimeNs: String(stats.mtimeNs),
  };
}

/** Whether both name the same file with the same bytes. */
export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs;
}

/** undefined when there is no such file; other errors are thrown. */
export async function findStats(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
