import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** The bytes of a finished file. */
export interface SealedFile {
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** sha256 of every byte of a file that no connection of this process has open. */
export async function hashFile(path: string): Promise<SealedFile> {
  const file = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(1 << 20);
    let sizeBytes = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, sizeBytes);
      if (bytesRead === 0) return { sha256: hash.digest('hex'), sizeBytes };
      hash.update(buffer.subarray(0, bytesRead));
      sizeBytes += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Makes a detached file read-only and durable. */
export async function sealFile(path: string): Promise<SealedFile> {
  const file = await open(path, 'r+');
  try {
    await file.chmod(0o444);
    await file.sync();
  } finally {
    await file.close();
  }
  return await hashFile(path);
}
