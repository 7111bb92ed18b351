import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

const CHUNK_BYTES = 1 << 20;

/** What every byte of a file adds up to. */
export interface FileHash {
  /** Hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** A file that was read from start to end. */
export interface HashedFile extends FileHash {
  /** Of the file that was read, taken afterwards. */
  readonly stats: BigIntStats;
}

/**
 * sha256 of a file. Never of a database that a connection of this process has open: closing any descriptor of it drops the
 * POSIX locks of the whole process.
 * @throws errors of node:fs
 */
export async function hashFile(path: string): Promise<HashedFile> {
  const file = await open(path, 'r');
  try {
    const hash = await hashOpenFile(file);
    return { ...hash, stats: await file.stat({ bigint: true }) };
  } finally {
    await file.close();
  }
}

/** One chunk is read while the one before is hashed: 1.7 GB/s, one after the other 1.4. */
export async function hashOpenFile(file: FileHandle): Promise<FileHash> {
  const hash = createHash('sha256');
  let [filling, full] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  let sizeBytes = 0;
  let reading = file.read(filling, 0, CHUNK_BYTES, 0);
  for (;;) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) return { sha256: hash.digest('hex'), sizeBytes };
    [filling, full] = [full, filling];
    sizeBytes += bytesRead;
    reading = file.read(filling, 0, CHUNK_BYTES, sizeBytes);
    hash.update(full.subarray(0, bytesRead));
  }
}
