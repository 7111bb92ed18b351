import { checkManifest, type FileEntry, type ManifestSnapshot } from '@tb/history';
import type { Layout } from '@tb/schema';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check, HealthContext } from '../health-context.ts';
import { findLeftovers } from '../leftovers.ts';
import { checkRecordedFiles } from '../recorded-file.ts';

const HINT =
  'Restore the file with `tb restore market-data`. Without a backup, import its date with `--correct --accept published_readable=REASON`; the lost revision is told until `tb prune`.';

/**
 * Each published file against the manifest: there, of its size, of its sha256 (with --full always, else where its identity
 * has no earlier hash); files under a final name that the manifest does not list; and what a killed process left unfinished.
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
    for (const path of await unlistedOf(layout, manifest)) findings.push(unlisted(path));
    for (const path of await findLeftovers(layout, context.nowMs - context.limits.leftoverMs))
      findings.push(leftover(path));
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

/** What a publication listed while the folders were read is in the newer snapshot. */
async function unlistedOf(
  layout: Layout,
  { reader, snapshot }: NonNullable<HealthContext['manifest']>,
): Promise<readonly string[]> {
  const found = (await checkManifest(layout, snapshot))
    .filter(({ code }) => code === 'UNLISTED_FILE')
    .map(({ path }) => path);
  if (found.length === 0) return found;
  const listed = new Set(filesOf(reader.snapshot()).map(({ path }) => path));
  return found.filter((path) => !listed.has(path));
}

function unlisted(path: string): Observation {
  const hint =
    'A rerun of its import or rollover removes it; one that was archived or pruned goes with the next `tb prune`.';
  return warn(path, 'not in the manifest', 'listed', hint);
}

function leftover(path: string): Observation {
  const hint =
    'A killed process left it. A rerun of its import, rollover or restore removes it; or remove it by hand.';
  return warn(path, 'unfinished', 'none', hint);
}
