import { ManifestWriter, recordVerified } from '@tb/history';
import { isLockError } from '@tb/locks';
import type { Layout } from '@tb/schema';
import type { FileHash } from './hash-files.ts';

/** A published file whose bytes were read and were right. */
export interface VerifiedFile {
  /** Relative to the root, as the manifest has it. */
  readonly path: string;
  readonly hash: FileHash;
}

/**
 * Remembers in the manifest which files were verified, so that short processes need not read them again for a day. A
 * writer at work, or a root that may only be read, is no error: nothing is lost but time.
 *
 * @returns false when it could not be recorded.
 */
export async function recordVerifiedFiles(
  layout: Layout,
  files: readonly VerifiedFile[],
): Promise<boolean> {
  if (files.length === 0) return true;
  try {
    await using writer = await ManifestWriter.open({ layout, purpose: 'health' });
    const at = writer.now();
    writer.write((db) => {
      for (const { path, hash } of files) recordVerified(db, path, hash.sha256, hash, at);
    });
    return true;
  } catch (error) {
    const isExpected = (
      ['LOCK_HELD', 'LOCK_FOREIGN', 'SQLITE_BUSY', 'SQLITE_DENIED', 'GUARD_READONLY'] as const
    ).some((code) => isLockError(error, code));
    if (isExpected) return false;
    throw error;
  }
}
