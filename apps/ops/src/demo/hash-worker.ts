import { join } from 'node:path';
import { hashFile } from '@tb/schema';
import { serveWorker } from '../worker/serve-worker.ts';

export interface HashJob {
  readonly root: string;
  readonly paths: readonly string[];
}

/** sha256 of files, in a process that has none of them open. */
serveWorker(async ({ root, paths }: HashJob): Promise<[string, string][]> => {
  const hashes: [string, string][] = [];
  for (const path of paths) hashes.push([path, (await hashFile(join(root, path))).sha256]);
  return hashes;
});
