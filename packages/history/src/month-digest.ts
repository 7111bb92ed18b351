import { createHash } from 'node:crypto';
import type { FileEntry } from './day-file.ts';

/** Digest of the day revisions that a month is made from. @param days By ascending trading date. */
export function inputsDigest(days: readonly FileEntry[]): string {
  const hash = createHash('sha256');
  for (const day of days) hash.update(`${day.tradingDate} r${day.revision} ${day.contentHash}\n`);
  return hash.digest('hex');
}

/** The trading dates of a month, `YYYY-MM`, as a half-open range. */
export function datesOfMonth(month: string): { readonly from: string; readonly to: string } {
  const year = Number(month.slice(0, 4));
  const number = Number(month.slice(5, 7));
  const next = number === 12 ? [year + 1, 1] : [year, number + 1];
  return { from: `${month}-01`, to: `${next[0]}-${String(next[1]).padStart(2, '0')}-01` };
}
