import type { RootRows } from '../oracle/root-rows.ts';

const revisionsOf = (rows: RootRows): Set<string | undefined> =>
  new Set(rows.published.map((line) => /(r\d+) \d+ rows$/.exec(line)?.[1]));

/** Whether the newest ticks are a second revision. */
export function isCorrected(rows: RootRows): boolean {
  return rows.published.some((line) => /^ticks .* r2 /.test(line));
}

/** A correction of ticks publishes all files of its date, or none; with `promised`, all. */
export function correctionProblems(rows: RootRows, promised: boolean): string[] {
  if (promised && !isCorrected(rows))
    return ['said to be done, but the first revision is still the newest'];
  return revisionsOf(rows).size > 1 || rows.published.length !== 6
    ? [`a date is corrected in part: ${rows.published.join('; ')}`]
    : [];
}
