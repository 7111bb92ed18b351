import type { SqliteDatabase } from '@tb/locks';
import { LiveError } from './errors.ts';
import type { SegmentEntry } from './live-snapshot.ts';
import type { BuiltSegment } from './segment-job.ts';
import { segmentPath } from './segment-list.ts';
import type { NewestTick, SymbolState } from './symbol-state.ts';

/** Reserves the number of the next segment. Runs inside a transaction; a number that was given out is never given again. */
export function reserveSegmentId(db: SqliteDatabase): number {
  const next = db.prepare("UPDATE sqlite_sequence SET seq = seq + 1 WHERE name = 'segments'").run();
  if (next.changes === 0)
    db.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES ('segments', 1)").run();
  const id = db.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'segments'").pluck().get();
  return Number(id);
}

/**
 * The seal transaction: lists the segment and deletes its rows from the tail.
 * @returns How many ticks of the date are left in the tail.
 * @throws `SEGMENT_JOB` when the rows that would go are not as many as the segment has.
 */
export function commitSeal(
  db: SqliteDatabase,
  tradingDate: string,
  built: BuiltSegment,
  nowNs: bigint,
): number {
  const range = 'trading_date = ? AND last_seq <= ?';
  const leaving = db
    .prepare(`SELECT coalesce(sum(rows), 0) FROM tail WHERE ${range}`)
    .pluck()
    .get(tradingDate, built.lastSeq) as bigint;
  if (Number(leaving) !== built.rows)
    throw new LiveError(
      'SEGMENT_JOB',
      `Segment ${built.fileName} has ${built.rows} rows, the tail has ${leaving} up to its last seq`,
    );
  insertSegment(db, tradingDate, built);
  db.prepare(`DELETE FROM tail WHERE ${range}`).run(tradingDate, built.lastSeq);
  bumpCatalog(db, nowNs);
  return Number(
    db
      .prepare('SELECT coalesce(sum(rows), 0) FROM tail WHERE trading_date = ?')
      .pluck()
      .get(tradingDate),
  );
}

/** Lists one segment in place of its inputs, whose files become garbage. */
export function commitCompaction(
  db: SqliteDatabase,
  inputs: readonly SegmentEntry[],
  built: BuiltSegment,
  nowNs: bigint,
  garbageMs: number,
): void {
  const rows = inputs.reduce((sum, input) => sum + input.rows, 0);
  if (rows !== built.rows)
    throw new LiveError(
      'SEGMENT_JOB',
      `Segment ${built.fileName} has ${built.rows} rows, its inputs have ${rows}`,
    );
  for (const { id } of inputs) discardSegment(db, id, nowNs, garbageMs);
  insertSegment(db, inputs[0]!.tradingDate, built);
  bumpCatalog(db, nowNs);
}

/** Takes a segment off the list; its file lives on for readers that still hold its name. */
export function discardSegment(
  db: SqliteDatabase,
  id: number,
  nowNs: bigint,
  garbageMs: number,
): void {
  const deleteAfter = nowNs + BigInt(garbageMs) * 1_000_000n;
  const moved = db
    .prepare(
      'INSERT INTO garbage (path, delete_after_ns) SELECT path, ? FROM segments WHERE id = ?',
    )
    .run(deleteAfter, id);
  if (moved.changes !== 1)
    throw new LiveError('SEGMENT_JOB', `Segment ${id} is not in the list any more`);
  db.prepare('DELETE FROM segments WHERE id = ?').run(id);
}

/** The newest tick of each symbol, for readers that come after its rows have left the tail. */
export function writeLatest(db: SqliteDatabase, symbols: Iterable<SymbolState>): void {
  const upsert =
    db.prepare(`INSERT INTO latest (sid, trading_date, ts, seq, price, volume, bid, ask)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (sid) DO UPDATE SET trading_date = excluded.trading_date, ts = excluded.ts, seq = excluded.seq,
      price = excluded.price, volume = excluded.volume, bid = excluded.bid, ask = excluded.ask
      WHERE excluded.seq <> seq`);
  for (const { sid, newest } of symbols)
    if (newest !== undefined) upsert.run(sid, ...values(newest));
}

function values(tick: NewestTick): unknown[] {
  const { day, offset, seq, price, volume, bid, ask } = tick;
  const known = (quote: number): number | null => (Number.isNaN(quote) ? null : quote);
  return [day.tradingDate, day.tsOf(offset), BigInt(seq), price, volume, known(bid), known(ask)];
}

export function bumpCatalog(db: SqliteDatabase, nowNs: bigint): void {
  db.prepare(
    'UPDATE counters SET catalog_version = catalog_version + 1, heartbeat_ns = ? WHERE id = 1',
  ).run(nowNs);
}

function insertSegment(db: SqliteDatabase, tradingDate: string, built: BuiltSegment): void {
  db.prepare(`INSERT INTO segments
    (id, path, trading_date, first_seq, last_seq, rows, min_ts, max_ts, size_bytes, sha256)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
    built.id,
    segmentPath(built.fileName),
    tradingDate,
    built.firstSeq,
    built.lastSeq,
    built.rows,
    built.minTs,
    built.maxTs,
    built.sizeBytes,
    built.sha256,
  );
}
