import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSqlite } from '@tb/locks';
import { hashFile, syncFolder } from '@tb/schema';
import { type BatchRow, decodeTicks } from './codec.ts';
import { LiveError } from './errors.ts';
import type { SegmentStep } from './event.ts';
import { syncFile, takeName } from './files.ts';
import type { TickChunk } from './live-snapshot.ts';
import { loadTicks } from './load.ts';
import { DATA_COLUMNS, quoted, SegmentDuckdb } from './segment-duckdb.ts';
import { verifySegment } from './segment-file.ts';
import {
  type BuiltSegment,
  type CompactJob,
  type SealJob,
  segmentFileName,
} from './segment-job.ts';

/** Announces a step and waits until the parent lets it be taken. */
export type Announce = (step: SegmentStep) => Promise<void>;

/** What a relation with the columns of `data` holds; equal contents have equal summaries within one DuckDB version. */
interface Content {
  readonly rows: bigint;
  readonly hash: bigint;
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  readonly minTs: bigint;
  readonly maxTs: bigint;
}

/** Seals: the tail of a date, read from live.db in one transaction. */
export async function buildFromTail(job: SealJob, announce: Announce): Promise<BuiltSegment> {
  return build(job, announce, async (duckdb) => {
    await loadTicks(
      duckdb.connection,
      'source',
      tailOf(job.liveDb, job.tradingDate, job.throughSeq),
    );
  });
}

/** Compacts: every input is checked before DuckDB sees it. */
export async function buildFromSegments(
  job: CompactJob,
  announce: Announce,
): Promise<BuiltSegment> {
  for (const input of job.inputs) await verifySegment(input);
  return build(job, announce, async (duckdb) => {
    for (const [index, input] of job.inputs.entries()) {
      await duckdb.attach(input.path, `input_${index}`);
      await duckdb.run(`INSERT INTO source SELECT ${DATA_COLUMNS} FROM input_${index}.data`);
      await duckdb.run(`DETACH input_${index}`);
    }
  });
}

/** Ticks of a date in the tail, from one read transaction of a connection of its own. */
export function tailOf(liveDb: string, tradingDate: string, throughSeq: bigint): TickChunk[] {
  const db = openSqlite(liveDb, { readonly: true });
  try {
    db.defaultSafeIntegers(true);
    const rows = db
      .prepare('SELECT * FROM tail WHERE trading_date = ? AND last_seq <= ? ORDER BY first_seq')
      .all(tradingDate, throughSeq) as BatchRow[];
    return rows.map(decodeTicks);
  } finally {
    db.close();
  }
}

/** Fills a segment under a temporary name, reads it back, makes it durable, and gives it its name: in this order. */
async function build(
  job: SealJob | CompactJob,
  announce: Announce,
  fill: (duckdb: SegmentDuckdb) => Promise<void>,
): Promise<BuiltSegment> {
  const temporary = join(job.segmentsDir, `.tmp-${job.id}.duckdb`);
  await announce('child_write');
  const duckdb = await SegmentDuckdb.open(
    job.memoryLimitMb,
    join(job.segmentsDir, `.tmp-${job.id}.spill`),
  );
  let content: Content;
  try {
    await duckdb.createTable('source');
    await fill(duckdb);
    content = await contentOf(duckdb, 'source');
    await write(duckdb, job, temporary, content, announce);
  } finally {
    duckdb.close();
  }
  await announce('child_sha256');
  const { sha256, sizeBytes } = await hashFile(temporary);
  await announce('child_fsync');
  await syncFile(temporary);
  await announce('child_link');
  const fileName = segmentFileName(job.id);
  await takeName(temporary, join(job.segmentsDir, fileName));
  await announce('child_fsync_dir');
  await syncFolder(job.segmentsDir);
  await announce('child_done');
  const { firstSeq, lastSeq, minTs, maxTs } = content;
  const rows = Number(content.rows);
  return { id: job.id, fileName, firstSeq, lastSeq, rows, minTs, maxTs, sizeBytes, sha256 };
}

async function write(
  duckdb: SegmentDuckdb,
  job: SealJob | CompactJob,
  temporary: string,
  content: Content,
  announce: Announce,
): Promise<void> {
  await duckdb.run(
    `ATTACH ${quoted(temporary)} AS segment (TYPE duckdb, BLOCK_SIZE 65536, STORAGE_VERSION 'v1.5.0')`,
  );
  await duckdb.createTable('segment.data');
  await duckdb.run(
    `INSERT INTO segment.data SELECT ${DATA_COLUMNS} FROM source ORDER BY sid, ts, seq`,
  );
  await duckdb.run(`CREATE TABLE segment.metadata (exchange VARCHAR NOT NULL, trading_date VARCHAR NOT NULL,
    first_seq BIGINT NOT NULL, last_seq BIGINT NOT NULL, rows BIGINT NOT NULL, epoch BIGINT NOT NULL)`);
  await duckdb.run(`INSERT INTO segment.metadata VALUES (${quoted(job.exchange)}, ${quoted(job.tradingDate)},
    ${content.firstSeq}, ${content.lastSeq}, ${content.rows}, ${job.epoch})`);
  await announce('child_checkpoint');
  await duckdb.run('CHECKPOINT segment');
  await announce('child_detach');
  await duckdb.run('DETACH segment');
  if (existsSync(`${temporary}.wal`))
    throw new LiveError('SEGMENT_JOB', `${temporary} still has a .wal after CHECKPOINT and DETACH`);
  // What was written is compared with what was meant before the rows may leave their old place.
  await duckdb.attach(temporary, 'written');
  const written = await contentOf(duckdb, 'written.data');
  await duckdb.run('DETACH written');
  if (written.rows !== content.rows || written.hash !== content.hash)
    throw new LiveError(
      'SEGMENT_JOB',
      `${temporary} reads back ${written.rows} rows of another content, ${content.rows} were written`,
    );
}

/** @throws `SEGMENT_JOB` when the relation is empty. */
export async function contentOf(duckdb: SegmentDuckdb, relation: string): Promise<Content> {
  const [row] = await duckdb.rows(`SELECT count(*), sum(hash(${DATA_COLUMNS})), min(seq), max(seq),
    epoch_ns(min(ts)), epoch_ns(max(ts)) FROM ${relation}`);
  const [rows, hash, firstSeq, lastSeq, minTs, maxTs] = row as bigint[];
  if (!rows) throw new LiveError('SEGMENT_JOB', `There is no row in ${relation}`);
  return {
    rows,
    hash: hash!,
    firstSeq: firstSeq!,
    lastSeq: lastSeq!,
    minTs: minTs!,
    maxTs: maxTs!,
  };
}
