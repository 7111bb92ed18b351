import { hashFile } from '@tb/schema';
import { serveWorker } from '../worker/serve-worker.ts';
import type { HashedFile } from './hash-files.ts';

/** Hashes files in a process that has none of them open. */
serveWorker(async ({ paths }: { readonly paths: readonly string[] }, _step, emit) => {
  const results: Record<string, HashedFile> = {};
  for (const path of paths) {
    results[path] = await hash(path);
    emit(path);
  }
  return results;
});

/** What the system says about this one file is the answer for this file. */
async function hash(path: string): Promise<HashedFile> {
  try {
    const { sha256, stats } = await hashFile(path);
    const { dev, ino, size, mtimeNs, ctimeNs } = stats;
    return { sha256, dev, ino, size, mtimeNs, ctimeNs };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { code };
  }
}
