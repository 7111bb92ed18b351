import { checkManifest, type FileEntry, type ManifestSnapshot } from '@tb/history';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';
import { checkRecordedFiles } from '../recorded-file.ts';

const HINT = 'Restore the file with `tb restore market-data`, or import its date as a correction.';

/**
 * Each published file against the manifest: there, of its size, of its sha256 (with --full always, else where its identity
 * has no earlier hash); and files under a final name that the manifest does not list.
 */
export const dayFiles: Check = {
  name: 'day-files',
  run: async (context) => {
    const { layout, manifest } = context;
    if (!manifest) return [];
    const entries = filesOf(manifest.snapshot);
    const problems = await checkRecordedFiles(
      context,
      entries.map((entry) => ({
        subject: entry.path,
        manifestPath: entry.path,
        path: layout.absolute(entry.path),
        sizeBytes: entry.sizeBytes,
        sha256: entry.sha256,
        verified: manifest.reader.findVerified(entry.path),
      })),
      HINT,
    );
    const findings: Observation[] = [...problems];
    for (const { code, path } of await checkManifest(layout, manifest.snapshot))
      if (code === 'UNLISTED_FILE')
        findings.push(
          warn(
            path,
            'not in the manifest',
            'listed',
            'A rerun of its import or rollover removes it.',
          ),
        );
    if (problems.length === 0) findings.push(ok('market_data', entries.length));
    return findings;
  },
};

/** Every revision whose file should be on the disk. */
function filesOf(snapshot: ManifestSnapshot): readonly FileEntry[] {
  return snapshot
    .exchanges()
    .flatMap((exchange) =>
      snapshot.allTradingDates(exchange).flatMap((date) => snapshot.revisionsOf(exchange, date)),
    )
    .filter((entry) => entry.tier !== 'pruned');
}
