import type { CoverageEntry } from './live-snapshot.ts';
import type { Statements } from './statements.ts';

/** Takes a time out of what is covered: the parts before and after it stay. Runs inside a transaction. */
export function cutCoverage(statements: Statements, hole: CoverageEntry): void {
  const { source, from, to } = hole;
  const touched = statements.coverageOver.all(source, to, from) as CoverageEntry[];
  for (const entry of touched) {
    statements.deleteCoverage.run(source, entry.from);
    if (entry.from < from) statements.extendCoverage.run(source, entry.from, from);
    if (entry.to > to) statements.extendCoverage.run(source, to, entry.to);
  }
}

/** The time that the rows of a source cover; undefined for rows without a source, which have no coverage. */
export function holeOf(source: string | undefined, ts: BigInt64Array): CoverageEntry | undefined {
  if (source === undefined) return undefined;
  let from = ts[0]!;
  let to = from;
  for (const at of ts) {
    if (at < from) from = at;
    if (at > to) to = at;
  }
  return { source, from, to: to + 1n };
}
