import type { SqliteDatabase, SqliteStatement } from '@tb/locks';

/** The statements of the writer, prepared once: preparing takes 20 us, reuse 1.3. Integers come as bigint. */
export class Statements {
  readonly insertSymbol: SqliteStatement;
  readonly insertTail: SqliteStatement;
  readonly insertLate: SqliteStatement;
  readonly insertDay: SqliteStatement;
  readonly upsertForming: SqliteStatement;
  readonly deleteForming: SqliteStatement;
  readonly upsertCandle: SqliteStatement;
  readonly findCandle: SqliteStatement;
  readonly upsertSource: SqliteStatement;
  readonly updateCounters: SqliteStatement;
  readonly coverageOver: SqliteStatement;
  readonly deleteCoverage: SqliteStatement;
  readonly extendCoverage: SqliteStatement;

  constructor(db: SqliteDatabase) {
    const batch = (table: 'tail' | 'late'): SqliteStatement =>
      db.prepare(`INSERT INTO ${table} (first_seq, last_seq, trading_date, rows, min_ts, max_ts, codec, crc32, data)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`);
    this.insertSymbol = db.prepare('INSERT INTO symbols (sid, symbol) VALUES (?, ?)');
    this.insertTail = batch('tail');
    this.insertLate = batch('late');
    this.insertDay = db.prepare(
      "INSERT INTO days (trading_date, state, frozen_seq) VALUES (?, 'open', NULL) ON CONFLICT DO NOTHING",
    );
    this.upsertForming = db.prepare(`INSERT INTO forming
        (sid, ts, trading_date, open, high, low, close, volume, first_ts, first_seq, last_ts, last_seq, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (sid) DO UPDATE SET ts = excluded.ts, trading_date = excluded.trading_date, open = excluded.open,
        high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
        first_ts = excluded.first_ts, first_seq = excluded.first_seq,
        last_ts = excluded.last_ts, last_seq = excluded.last_seq, version = excluded.version`);
    this.deleteForming = db.prepare('DELETE FROM forming WHERE sid = ?');
    this.upsertCandle = db.prepare(`INSERT INTO candles
        (sid, ts, trading_date, open, high, low, close, volume, state, origin, revision,
         first_ts, first_seq, last_ts, last_seq, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (sid, ts) DO UPDATE SET open = excluded.open, high = excluded.high, low = excluded.low,
        close = excluded.close, volume = excluded.volume, state = excluded.state, revision = excluded.revision,
        first_ts = excluded.first_ts, first_seq = excluded.first_seq,
        last_ts = excluded.last_ts, last_seq = excluded.last_seq, version = excluded.version`);
    this.findCandle = db.prepare('SELECT * FROM candles WHERE sid = ? AND ts = ?');
    this.upsertSource =
      db.prepare(`INSERT INTO sources (source, last_source_seq, dup_rows, gap_rows)
      VALUES (?, ?, ?, ?)
      ON CONFLICT (source) DO UPDATE SET last_source_seq = excluded.last_source_seq,
        dup_rows = dup_rows + excluded.dup_rows, gap_rows = gap_rows + excluded.gap_rows`);
    this.updateCounters =
      db.prepare(`UPDATE counters SET next_seq = ?, candle_version = ?, heartbeat_ns = ?,
        catalog_version = catalog_version + ?, symbol_count = symbol_count + ?, dup_rows = dup_rows + ?,
        late_rows = late_rows + ?, rejected_rows = rejected_rows + ?, dropped_rows = dropped_rows + ?
      WHERE id = 1`);
    this.coverageOver = db.prepare(
      'SELECT source, from_ns AS "from", to_ns AS "to" FROM coverage WHERE source = ? AND from_ns < ? AND to_ns > ?',
    );
    this.deleteCoverage = db.prepare('DELETE FROM coverage WHERE source = ? AND from_ns = ?');
    this.extendCoverage = db.prepare(`INSERT INTO coverage (source, from_ns, to_ns) VALUES (?, ?, ?)
      ON CONFLICT (source, from_ns) DO UPDATE SET to_ns = max(to_ns, excluded.to_ns)`);
  }
}
