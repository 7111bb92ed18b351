import { createHash } from 'node:crypto';
import type { FileEntry } from './day-file.ts';

/** Digest of the day revisions that a derived file is made from. @param days By ascending trading date. */
export function inputsDigest(days: readonly FileEntry[]): string {
  const hash = createHash('sha256');
  for (const day of days) hash.update(`${day.tradingDate} r${day.revision} ${day.contentHash}\n`);
  return hash.digest('hex');
}
