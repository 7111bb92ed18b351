import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { VerifiedRow } from '@tb/history';
import { fail, type Observation } from './finding.ts';
import type { HealthContext } from './health-context.ts';

/** A file with what a database recorded about it. */
export interface RecordedFile {
  /** What the finding names. */
  readonly subject: string;
  /** Absolute. */
  readonly path: string;
  /** undefined: not recorded. */
  readonly sizeBytes: number | undefined;
  /** Hex. */
  readonly sha256: string;
  /** Under which the manifest remembers that the file was verified; undefined for files of other databases. */
  readonly manifestPath?: string | undefined;
  /** An earlier hash of the same file by identity: spares reading it again unless every byte is asked for. */
  readonly verified?: VerifiedRow | undefined;
}

/**
 * Compares files with their records: there, of their size, no `.wal` beside them, and the sha256 of each that has no
 * earlier hash under the same device, inode, size, mtime and ctime. A changed byte moves the ctime, so it is found
 * without --full; a disk that changes bytes by itself moves nothing, and is found with it.
 *
 * @param readBytes `only-full`: for files without earlier hashes that are too many to read each time.
 */
export async function checkRecordedFiles(
  context: HealthContext,
  files: readonly RecordedFile[],
  hint: string,
  readBytes: 'unless-verified' | 'only-full' = 'unless-verified',
): Promise<readonly Observation[]> {
  const problems: Observation[] = [];
  const unread: RecordedFile[] = [];
  for (const file of files) {
    const stats = await findStats(file.path);
    const problem = problemOf(file, stats, await findStats(`${file.path}.wal`), hint);
    if (problem) problems.push(problem);
    else if (context.isFull || (readBytes === 'unless-verified' && !isVerified(file, stats)))
      unread.push(file);
  }
  const hashes = await context.hash(unread.map((file) => file.path));
  for (const file of unread) {
    const seen = hashes.get(file.path);
    if (!seen || 'code' in seen)
      problems.push(fail(file.subject, seen?.code ?? null, file.sha256, hint));
    else if (seen.sha256 !== file.sha256)
      problems.push(fail(file.subject, seen.sha256, file.sha256, hint));
    else if (file.manifestPath !== undefined)
      context.onVerified({ path: file.manifestPath, hash: seen });
  }
  return problems;
}

function problemOf(
  file: RecordedFile,
  stats: BigIntStats | undefined,
  wal: BigIntStats | undefined,
  hint: string,
): Observation | undefined {
  if (!stats) return fail(file.subject, 'missing', file.sizeBytes ?? 'present', hint);
  if (!stats.isFile()) return fail(file.subject, 'no regular file', 'regular file', hint);
  if (file.sizeBytes !== undefined && Number(stats.size) !== file.sizeBytes)
    return fail(file.subject, Number(stats.size), file.sizeBytes, hint);
  if (wal) return fail(`${file.subject}.wal`, Number(wal.size), 'missing', hint);
  return undefined;
}

function isVerified(file: RecordedFile, stats: BigIntStats | undefined): boolean {
  const row = file.verified;
  return (
    row !== undefined &&
    stats !== undefined &&
    row.sha256 === file.sha256 &&
    row.dev === BigInt.asIntN(64, stats.dev) &&
    row.ino === BigInt.asIntN(64, stats.ino) &&
    row.size === stats.size &&
    row.mtimeNs === stats.mtimeNs &&
    row.ctimeNs === stats.ctimeNs
  );
}

/** undefined when there is no such file. @throws other errors of node:fs */
export async function findStats(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
