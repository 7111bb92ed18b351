import { open } from 'node:fs/promises';
import { type HashedFile, hashOpenFile } from './hash-file.ts';

/** Named points of sealing, in order; tests kill a process at each. */
export type SealStep = 'hashed' | 'protected' | 'synced';

/**
 * The last steps of a file that will never change: sha256, mode 0444, fsync, on one descriptor. For a database after its last
 * connection was closed, see `hashFile`.
 * @param onStep Called after each.
 * @throws errors of node:fs
 */
export async function sealFile(
  path: string,
  onStep: (step: SealStep) => void = () => {},
): Promise<HashedFile> {
  const file = await open(path, 'r+');
  try {
    const hash = await hashOpenFile(file);
    onStep('hashed');
    await file.chmod(0o444);
    onStep('protected');
    await file.sync();
    onStep('synced');
    return { ...hash, stats: await file.stat({ bigint: true }) };
  } finally {
    await file.close();
  }
}
