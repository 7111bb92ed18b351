import { STORED_TIMEFRAMES } from '@tb/schema';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';
import { checkRecordedFiles } from '../recorded-file.ts';

/**
 * Month files are derived from day files: one that a correction made stale or that is gone is not read any more (warn),
 * one that is not what the manifest recorded fails. Months that were not built yet are no finding; reads use the days.
 */
export const months: Check = {
  name: 'months',
  run: async (context) => {
    const { layout, manifest } = context;
    if (!manifest) return [];
    const { snapshot, reader } = manifest;
    const all = snapshot
      .exchanges()
      .flatMap((exchange) =>
        STORED_TIMEFRAMES.flatMap((timeframe) => snapshot.months(exchange, timeframe)),
      );
    const stale = all
      .filter((month) => !snapshot.isFresh(month))
      .map((month) =>
        warn(month.path, 'stale', 'fresh', 'Run `tb months`; reads use its days until then.'),
      );
    const problems = await checkRecordedFiles(
      context,
      all.map((month) => ({
        subject: month.path,
        manifestPath: month.path,
        path: layout.absolute(month.path),
        sizeBytes: month.sizeBytes,
        sha256: month.sha256,
        verified: reader.findVerified(month.path),
      })),
      'Run `tb months`: the file is derived from its days, which reads use meanwhile.',
    );
    const findings: Observation[] = [...stale, ...problems.map(withoutMissing)];
    return findings.length > 0 ? findings : [ok('market_data', all.length)];
  },
};

/** A month that is gone costs time only; one with other bytes would give other rows. */
function withoutMissing(problem: Observation): Observation {
  return problem.observed === 'missing' ? { ...problem, status: 'warn' } : problem;
}
