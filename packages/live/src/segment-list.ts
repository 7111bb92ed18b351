import { join } from 'node:path';
import type { SqliteDatabase } from '@tb/locks';
import type { SegmentEntry } from './live-snapshot.ts';

interface SegmentRow {
  readonly id: bigint;
  readonly path: string;
  readonly trading_date: string;
  readonly first_seq: bigint;
  readonly last_seq: bigint;
  readonly rows: bigint;
  readonly min_ts: bigint;
  readonly max_ts: bigint;
  readonly size_bytes: bigint;
  readonly sha256: string;
}

/** Path of a segment as live.db stores it: relative to its own folder. */
export function segmentPath(fileName: string): string {
  return `segments/${fileName}`;
}

/** The segments that live.db lists, ascending by id. The connection gives integers as bigint. */
export function readSegments(db: SqliteDatabase, liveDir: string): SegmentEntry[] {
  const rows = db.prepare('SELECT * FROM segments ORDER BY id').all() as SegmentRow[];
  return rows.map((row) => ({
    id: Number(row.id),
    path: join(liveDir, row.path),
    tradingDate: row.trading_date,
    firstSeq: row.first_seq,
    lastSeq: row.last_seq,
    rows: Number(row.rows),
    minTs: row.min_ts,
    maxTs: row.max_ts,
    sizeBytes: Number(row.size_bytes),
    sha256: row.sha256,
  }));
}
