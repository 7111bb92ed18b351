import { createHash } from 'node:crypto';
import type { FileEntry } from './day-file.ts';

/** Digest of the day revisions that a derived file is made from. @param days By ascending trading date. */
export function inputsDigest(
  days: readonly Pick<FileEntry, 'tradingDate' | 'revision' | 'contentHash'>[],
): string {
  const lines = days.map((day) => `${day.tradingDate} r${day.revision} ${day.contentHash}\n`);
  return createHash('sha256').update(lines.join('')).digest('hex'); // in one piece: there may be thousands
}
