import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import type { FileIdentity } from './day-file.ts';

/**
 * Reads, protects and syncs files that NO connection of this process has open: closing any descriptor of an open database
 * drops its POSIX locks. Everything else in this package only stats.
 */

const CHUNK_BYTES = 1 << 20;

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

async function hashOf(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

/** sha256 of every byte, hex, and the identity of the file that was read. @throws errors of node:fs */
export async function sha256Of(path: string): Promise<{ sha256: string; stats: BigIntStats }> {
  const file = await open(path, 'r');
  try {
    const sha256 = await hashOf(file);
    return { sha256, stats: await file.stat({ bigint: true }) };
  } finally {
    await file.close();
  }
}

/**
 * The last steps of a build: sha256, mode 0444, fsync, on one descriptor.
 * @param onStep Called after each.
 */
export async function sealFile(
  path: string,
  onStep: (step: 'hashed' | 'protected' | 'synced') => void,
): Promise<{ sha256: string; sizeBytes: number; identity: FileIdentity }> {
  const file = await open(path, 'r+');
  try {
    const sha256 = await hashOf(file);
    onStep('hashed');
    await file.chmod(0o444);
    onStep('protected');
    await file.sync();
    onStep('synced');
    const stats = await file.stat({ bigint: true });
    return { sha256, sizeBytes: Number(stats.size), identity: identityOf(stats) };
  } finally {
    await file.close();
  }
}

/** Makes names in a folder durable. Windows has no such call and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
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
