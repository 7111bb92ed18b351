import { isNativeError } from 'node:util/types';
import type { SqliteDatabase, SqliteStatement } from '@tb/locks';
import type { LiveTick } from '@tb/schema';
import { CandleSet, type CandleValues } from './candle-cache.ts';
import type { CandleRow, FormingRow } from './candle-store.ts';
import { type BatchRow, decodeTicks } from './codec.ts';
import { LiveError } from './errors.ts';
import type { CoverageEntry, FormingCandle, SegmentEntry, TickChunk } from './live-snapshot.ts';
import { loadCandles } from './load-candles.ts';
import { readSegments } from './segment-list.ts';
import { type DayRow, SnapshotView, type SymbolNames } from './snapshot-view.ts';

interface Counters {
  readonly next_seq: bigint;
  readonly catalog_version: bigint;
  readonly candle_version: bigint;
  readonly symbol_count: bigint;
  readonly heartbeat_ns: bigint;
  readonly late_rows: bigint;
}

type ClosedRow = Pick<CandleRow, keyof CandleValues | 'trading_date' | 'origin'>;

/** What a reader has read so far. `refresh` reads what is new, in one transaction, and makes a snapshot of the whole. */
export class LiveCache {
  readonly #exchange: string;
  readonly #liveDir: string;
  readonly #db: SqliteDatabase;
  readonly #which: 'all' | 'supplied';
  readonly #select: Selects;
  #seen: Counters | undefined;
  #tail: readonly TickChunk[] = [];
  #late: readonly TickChunk[] = [];
  #segments: readonly SegmentEntry[] = [];
  #days: readonly DayRow[] = [];
  #candles: ReadonlyMap<string, CandleSet> = new Map();
  #forming: ReadonlyMap<number, FormingCandle> = new Map();
  #sealed: ReadonlyMap<number, LiveTick> = new Map();
  #names: { readonly sids: Map<string, number>; readonly texts: Map<number, string> } = {
    sids: new Map(),
    texts: new Map(),
  };

  constructor(db: SqliteDatabase, exchange: string, liveDir: string, which: 'all' | 'supplied') {
    this.#db = db;
    this.#which = which;
    this.#exchange = exchange;
    this.#liveDir = liveDir;
    this.#select = prepareSelects(db);
  }

  /**
   * @throws `STEPPED_BACK`, `LIVE_CORRUPT`. After a throw the cache is as it was before, and can be refreshed again.
   */
  refresh(): SnapshotView {
    this.#db.exec('BEGIN');
    try {
      return this.#read();
    } catch (error) {
      throw this.#damageBehind(error);
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  /**
   * Rows of another table, by a page that lies in the wrong place, have values of other types: that shows as a TypeError
   * somewhere. It is damage when SQLite's own check finds some, else a mistake of ours.
   */
  #damageBehind(error: unknown): unknown {
    if (!isNativeError(error) || !/^(Type|Syntax|Range)Error$/.test(error.name)) return error;
    const found = String(this.#db.pragma('quick_check(1)', { simple: true }));
    if (found === 'ok') return error;
    const message = `live.db of ${this.#exchange} does not pass its check: ${found.split('\n')[0]}`;
    return new LiveError('LIVE_CORRUPT', message, { cause: error });
  }

  #read(): SnapshotView {
    const counters = this.#select.counters.get() as Counters;
    const seen = this.#seen;
    this.#assertForward(counters);
    const isNewCatalog = seen?.catalog_version !== counters.catalog_version;
    const tail = this.#chunks('tail', this.#tail, isNewCatalog);
    const hasLate = isNewCatalog || seen?.late_rows !== counters.late_rows;
    const late = hasLate ? this.#chunks('late', this.#late, isNewCatalog) : this.#late;
    const coverage = this.#select.coverage.all() as CoverageEntry[];
    const names = seen?.symbol_count === counters.symbol_count ? undefined : this.#readNames();
    if (isNewCatalog) this.#readCatalog();
    this.#readCandles(counters, isNewCatalog);
    this.#tail = tail;
    this.#late = late;
    if (names !== undefined) this.#names = names;
    this.#seen = counters;
    return new SnapshotView({
      exchange: this.#exchange,
      seq: counters.next_seq - 1n,
      catalogVersion: Number(counters.catalog_version),
      heartbeat: counters.heartbeat_ns,
      days: this.#days,
      segments: this.#segments,
      tail,
      late,
      forming: [...this.#forming.values()],
      coverage,
      candleSets: this.#candles,
      sealed: this.#sealed,
      names: this.#names,
    });
  }

  #assertForward(counters: Counters): void {
    const seen = this.#seen;
    if (seen === undefined) return;
    if (
      counters.next_seq < seen.next_seq ||
      counters.catalog_version < seen.catalog_version ||
      counters.candle_version < seen.candle_version
    )
      throw new LiveError(
        'STEPPED_BACK',
        `The live buffer of ${this.#exchange} is at seq ${counters.next_seq - 1n}, catalog ${counters.catalog_version}; this reader has seen seq ${seen.next_seq - 1n}, catalog ${seen.catalog_version}`,
      );
  }

  /**
   * The batches of a table. Commits append after the newest one; when the catalog has changed, batches may have gone, or
   * come in between (late rows that were taken in), so the keys are compared.
   */
  #chunks(
    table: 'tail' | 'late',
    cached: readonly TickChunk[],
    isNewCatalog: boolean,
  ): readonly TickChunk[] {
    const select = this.#select[table];
    if (!isNewCatalog) {
      const rows = select.after.all(cached.at(-1)?.firstSeq ?? 0n) as BatchRow[];
      return rows.length === 0 ? cached : [...cached, ...rows.map(decodeTicks)];
    }
    const known = new Map(cached.map((chunk) => [chunk.firstSeq, chunk]));
    const keys = select.keys.all() as bigint[];
    return keys.map((key) => known.get(key) ?? decodeTicks(this.#batch(table, key)));
  }

  /** A key without its row: pages of another part of the tree, which SQLite has not seen. */
  #batch(table: 'tail' | 'late', key: bigint): BatchRow {
    const row = this.#select[table].one.get(key) as BatchRow | undefined;
    if (row !== undefined) return row;
    throw new LiveError('LIVE_CORRUPT', `The batch at seq ${key} is listed and cannot be found`);
  }

  #readNames(): SymbolNames & { sids: Map<string, number>; texts: Map<number, string> } {
    const rows = this.#select.symbols.all() as { sid: bigint; symbol: string }[];
    return {
      sids: new Map(rows.map(({ sid, symbol }) => [symbol, Number(sid)])),
      texts: new Map(rows.map(({ sid, symbol }) => [Number(sid), symbol])),
    };
  }

  #readCatalog(): void {
    this.#segments = readSegments(this.#db, this.#liveDir);
    this.#days = this.#select.days.all() as DayRow[];
    const latest = this.#select.latest.all() as (LiveTick & {
      sid: bigint;
      bid: number | null;
      ask: number | null;
    })[];
    this.#sealed = new Map(
      latest.map(({ sid, ts, seq, price, volume, bid, ask }) => [
        Number(sid),
        { ts, seq, price, volume, bid: bid ?? Number.NaN, ask: ask ?? Number.NaN },
      ]),
    );
  }

  #readCandles(counters: Counters, isNewCatalog: boolean): void {
    const since = this.#seen?.candle_version ?? -1n;
    if (since === counters.candle_version && !isNewCatalog) return;
    const isFirst = this.#seen === undefined;
    const closed = isFirst ? [] : (this.#select.candles.all(since) as ClosedRow[]);
    this.#candles = isFirst ? loadCandles(this.#db, this.#which) : this.#withClosed(closed);
    // A date that goes takes its forming candles along: then all are read again.
    const forming = new Map(isNewCatalog ? [] : this.#forming);
    for (const row of closed) {
      const open = forming.get(Number(row.sid));
      if (open?.ts === row.ts) forming.delete(open.sid);
    }
    const changed = this.#select.forming.all(isNewCatalog ? -1n : since) as FormingRow[];
    for (const row of changed)
      forming.set(Number(row.sid), { ...valuesOf(row), tradingDate: row.trading_date });
    this.#forming = forming;
  }

  #withClosed(rows: readonly ClosedRow[]): ReadonlyMap<string, CandleSet> {
    const byDate = new Map<string, CandleValues[]>();
    for (const row of rows) {
      if (this.#which === 'supplied' && row.origin !== 'supplied') continue;
      const list = byDate.get(row.trading_date) ?? [];
      list.push(valuesOf(row));
      byDate.set(row.trading_date, list);
    }
    const candles = new Map(this.#candles);
    for (const [date, values] of byDate)
      candles.set(date, (candles.get(date) ?? CandleSet.EMPTY).with(values));
    for (const { trading_date, state } of this.#days)
      if (state === 'cleared') candles.delete(trading_date);
    return candles;
  }
}

function valuesOf(row: FormingRow | ClosedRow): CandleValues {
  const { ts, open, high, low, close, volume } = row;
  return { sid: Number(row.sid), ts, open, high, low, close, volume };
}

interface BatchSelects {
  readonly after: SqliteStatement;
  readonly keys: SqliteStatement;
  readonly one: SqliteStatement;
}

interface Selects {
  readonly counters: SqliteStatement;
  readonly tail: BatchSelects;
  readonly late: BatchSelects;
  readonly symbols: SqliteStatement;
  readonly days: SqliteStatement;
  readonly latest: SqliteStatement;
  readonly coverage: SqliteStatement;
  readonly candles: SqliteStatement;
  readonly forming: SqliteStatement;
}

function prepareSelects(db: SqliteDatabase): Selects {
  const batches = (table: 'tail' | 'late'): BatchSelects => ({
    after: db.prepare(`SELECT * FROM ${table} WHERE first_seq > ? ORDER BY first_seq`),
    keys: db.prepare(`SELECT first_seq FROM ${table} ORDER BY first_seq`).pluck(),
    one: db.prepare(`SELECT * FROM ${table} WHERE first_seq = ?`),
  });
  return {
    counters: db.prepare('SELECT * FROM counters WHERE id = 1'),
    tail: batches('tail'),
    late: batches('late'),
    symbols: db.prepare('SELECT sid, symbol FROM symbols'),
    days: db.prepare('SELECT trading_date, state, frozen_seq FROM days ORDER BY trading_date'),
    latest: db.prepare('SELECT * FROM latest'),
    coverage: db.prepare(
      'SELECT source, from_ns AS "from", to_ns AS "to" FROM coverage ORDER BY source, from_ns',
    ),
    candles: db.prepare(
      'SELECT sid, ts, trading_date, open, high, low, close, volume, origin FROM candles WHERE version > ?',
    ),
    forming: db.prepare('SELECT * FROM forming WHERE version > ?'),
  };
}
