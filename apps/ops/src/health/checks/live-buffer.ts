import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { allOf, entriesOf, type OpenDatabase } from '../databases.ts';
import { fail, type Observation, ok, warn } from '../finding.ts';
import type { Check, HealthContext } from '../health-context.ts';
import { checkRecordedFiles } from '../recorded-file.ts';

const HINT = 'Stop the ingestor and look at `tb health --full`; rows of the segment must come from the feed again.';

/** Segments are there as live.db lists them, seqs do not run past the counter; with --full sha256 and the CRC of each batch. */
export const liveBuffer: Check = {
  name: 'live-buffer',
  run: async (context) => {
    const findings: Observation[] = [];
    for (const database of context.databases.live) {
      const found = [
        ...(await segmentProblems(context, database)),
        ...seqProblems(database),
        ...(context.isFull ? batchProblems(database) : []),
      ];
      findings.push(...(found.length > 0 ? found : [ok(database.name, rowsOf(database))]));
    }
    return findings;
  },
};

interface SegmentRow {
  readonly path: string;
  readonly size_bytes: bigint;
  readonly sha256: string;
}

async function segmentProblems(
  context: HealthContext,
  database: OpenDatabase,
): Promise<readonly Observation[]> {
  const { layout } = context;
  const exchange = database.exchange ?? '';
  const folder = layout.liveDir(exchange);
  const rows = allOf<SegmentRow>(database, 'SELECT path, size_bytes, sha256 FROM segments');
  const { problems } = await checkRecordedFiles(
    // Written minutes ago and hashed then: only --full reads them again.
    context.isFull ? context : { ...context, hash: async () => new Map() },
    context.isFull ? rows.map((row) => recorded(folder, database.name, row)) : [],
    HINT,
  );
  return [
    ...problems,
    ...(context.isFull ? [] : await sizeProblems(folder, database.name, rows)),
    ...(await unlisted(layout.segmentsDir(exchange), database, rows)),
  ];
}
