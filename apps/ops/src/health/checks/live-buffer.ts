import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { allOf, entriesOf, type OpenDatabase } from '../databases.ts';
import { fail, type Observation, ok, warn } from '../finding.ts';
import type { Check, HealthContext } from '../health-context.ts';
import { checkRecordedFiles } from '../recorded-file.ts';

const HINT = 'Stop the ingestor, keep the folder as it is, and get the rows from the feed again.';
/** Batches read at a time, about 44 kB each. */
const PAGE = 64;

/**
 * Each live buffer: segments as live.db lists them, no file that it does not list, the counter of seqs past every row;
 * with --full also the sha256 of each segment and the CRC-32 of each batch.
 */
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
      const [rows] = allOf<{ n: bigint }>(database, `SELECT sum(rows) AS n FROM ${ALL_ROWS}`);
      findings.push(...(found.length > 0 ? found : [ok(database.name, Number(rows?.n ?? 0n))]));
    }
    return findings;
  },
};

const ALL_ROWS = `(SELECT rows, last_seq FROM tail UNION ALL SELECT rows, last_seq FROM segments
  UNION ALL SELECT rows, last_seq FROM late)`;

interface SegmentRow {
  readonly path: string;
  readonly size_bytes: bigint;
  readonly sha256: string;
}

const segmentsOf = (database: OpenDatabase): readonly SegmentRow[] =>
  allOf(database, 'SELECT path, size_bytes, sha256 FROM segments ORDER BY id');

async function segmentProblems(
  context: HealthContext,
  database: OpenDatabase,
): Promise<readonly Observation[]> {
  const { layout } = context;
  const exchange = database.exchange ?? '';
  const subjectOf = (path: string): string => `live_buffer/${exchange}/${path}`;
  // The folder first: what is sealed in between is listed.
  const names = await entriesOf(layout.segmentsDir(exchange));
  const problems = await checkRecordedFiles(
    context,
    segmentsOf(database).map((row) => ({
      subject: subjectOf(row.path),
      path: join(layout.liveDir(exchange), row.path),
      sizeBytes: Number(row.size_bytes),
      sha256: row.sha256,
    })),
    HINT,
    'only-full',
  );
  // A merge or a rollover may have taken a segment off the list meanwhile.
  const listed = new Set(segmentsOf(database).map((row) => subjectOf(row.path)));
  const garbage = allOf<{ path: string }>(database, 'SELECT path FROM garbage');
  const known = new Set(
    [...listed, ...garbage.map(({ path }) => path)].map((one) => basename(one)),
  );
  return [
    ...problems.filter(({ subject }) => listed.has(subject.replace(/\.wal$/, ''))),
    ...names
      .filter((name) => /^\d+\.duckdb$/.test(name) && !known.has(name))
      .map((name) =>
        warn(
          subjectOf(`segments/${name}`),
          'not in live.db',
          'listed',
          'The next ingestor compares it.',
        ),
      ),
  ];
}

function seqProblems(database: OpenDatabase): readonly Observation[] {
  const [row] = allOf<{ next: bigint; last: bigint | null }>(
    database,
    `SELECT (SELECT next_seq FROM counters) AS next, (SELECT max(last_seq) FROM ${ALL_ROWS}) AS last`,
  );
  const last = row?.last ?? 0n;
  if (row && last < row.next) return [];
  return [fail(database.name, `seq ${last}`, `below ${row?.next ?? 'a counter'}`, HINT)];
}

interface BatchRow {
  readonly first_seq: bigint;
  readonly crc32: bigint;
  readonly data: Uint8Array;
}

/** A page at a time, and `.all()` only: a statement left open would keep the writer from shortening its log. */
function batchProblems(database: OpenDatabase): readonly Observation[] {
  const problems: Observation[] = [];
  for (const table of ['tail', 'late'])
    for (let last = -1n; ; ) {
      const page = allOf<BatchRow>(
        database,
        `SELECT first_seq, crc32, data FROM ${table} WHERE first_seq > ? ORDER BY first_seq LIMIT ${PAGE}`,
        last,
      );
      for (const { first_seq, crc32: expected, data } of page) {
        const subject = `${database.name} ${table} at seq ${first_seq}`;
        const crc = crc32(data);
        if (BigInt(crc) !== expected) problems.push(fail(subject, crc, Number(expected), HINT));
      }
      const end = page.at(-1);
      if (!end) break;
      last = end.first_seq;
    }
  return problems;
}
