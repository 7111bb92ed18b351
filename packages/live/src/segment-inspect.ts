import { dirname, join } from 'node:path';
import { openSqlite } from '@tb/locks';
import { type BatchRow, decodeTicks } from './codec.ts';
import { loadTicks } from './load.ts';
import { contentOf } from './segment-build.ts';
import { DATA_COLUMNS, SegmentDuckdb } from './segment-duckdb.ts';
import type { Inspection, InspectJob } from './segment-job.ts';

interface ListedRow {
  readonly path: string;
}

/** What live.db has of a date between two seqs: batches of the tail, and files of segments that overlap. */
interface Known {
  readonly tail: readonly BatchRow[];
  readonly segments: readonly ListedRow[];
}

/** Compares an unlisted file with live.db, row by row. Runs in the child: a damaged file can end its process. */
export async function inspect(job: InspectJob): Promise<Inspection> {
  const duckdb = await SegmentDuckdb.open(
    job.memoryLimitMb,
    join(job.segmentsDir, '.tmp-inspect.spill'),
  );
  try {
    await duckdb.attach(job.path, 'orphan');
    const [metadata] = await duckdb.rows('SELECT exchange, trading_date FROM orphan.metadata');
    const [exchange, tradingDate] = metadata as [string, string];
    const { rows, firstSeq, lastSeq } = await contentOf(duckdb, 'orphan.data');
    const known = knownRows(job.liveDb, tradingDate, firstSeq, lastSeq);
    const isCovered = exchange === job.exchange && (await covers(duckdb, job.liveDb, known));
    return { tradingDate, rows: Number(rows), isCovered };
  } finally {
    duckdb.close();
  }
}

function knownRows(liveDb: string, tradingDate: string, firstSeq: bigint, lastSeq: bigint): Known {
  const db = openSqlite(liveDb, { readonly: true });
  try {
    db.defaultSafeIntegers(true);
    const range = [tradingDate, lastSeq, firstSeq];
    const overlapping = 'WHERE trading_date = ? AND first_seq <= ? AND last_seq >= ?';
    return {
      tail: db.prepare(`SELECT * FROM tail ${overlapping}`).all(...range) as BatchRow[],
      segments: db.prepare(`SELECT path FROM segments ${overlapping}`).all(...range) as ListedRow[],
    };
  } finally {
    db.close();
  }
}

/** Whether the known rows hold every row of the orphan; equal rows count as often as they are there. */
async function covers(duckdb: SegmentDuckdb, liveDb: string, known: Known): Promise<boolean> {
  await duckdb.createTable('known');
  await loadTicks(duckdb.connection, 'known', known.tail.map(decodeTicks));
  for (const [index, { path }] of known.segments.entries()) {
    await duckdb.attach(join(dirname(liveDb), path), `listed_${index}`);
    await duckdb.run(`INSERT INTO known SELECT ${DATA_COLUMNS} FROM listed_${index}.data`);
  }
  const [row] = await duckdb.rows(`SELECT count(*) FROM
    (SELECT ${DATA_COLUMNS} FROM orphan.data EXCEPT ALL SELECT ${DATA_COLUMNS} FROM known)`);
  return row?.[0] === 0n;
}
