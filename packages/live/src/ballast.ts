import { rmSync } from 'node:fs';
import { open, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '@tb/schema';

const CHUNK_BYTES = 1 << 20;

/**
 * A file of zeros beside live.db. On a full disk SQLite can neither delete nor checkpoint, as both need space first: the
 * ballast is what can be given up.
 */
export class Ballast {
  readonly #path: string;
  readonly #sizeBytes: number;

  constructor(liveDb: string, sizeBytes: number) {
    this.#path = join(dirname(liveDb), 'ballast');
    this.#sizeBytes = sizeBytes;
  }

  /** Makes the file unless it is there. Leaves a disk alone that has less than four times the room. */
  async restore(): Promise<void> {
    if (this.#sizeBytes === 0) return;
    const found = await stat(this.#path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    });
    if (found?.size === this.#sizeBytes) return;
    const disk = await statfs(dirname(this.#path));
    if (disk.bavail * disk.bsize < 4 * this.#sizeBytes) return;
    const temporary = `${this.#path}.tmp`;
    try {
      await this.#write(temporary);
      await rename(temporary, this.#path);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      await rm(temporary, { force: true });
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error; // no room for it now: tried again later
    }
  }

  /** Gives the space back at once. Answers whether there was any. */
  release(): boolean {
    try {
      rmSync(this.#path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  async #write(path: string): Promise<void> {
    const file = await open(path, 'w');
    try {
      // Written, not truncated to size: a sparse file holds no space.
      const zeros = Buffer.alloc(Math.min(CHUNK_BYTES, this.#sizeBytes));
      for (let left = this.#sizeBytes; left > 0; ) {
        const { bytesWritten } = await file.write(zeros, 0, Math.min(left, zeros.length));
        left -= bytesWritten;
      }
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
