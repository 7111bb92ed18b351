import type { SqliteDatabase } from '@tb/locks';
import { builtFrom, type FormingRow } from './candle-store.ts';
import { type BatchRow, decodeTicks } from './codec.ts';
import type { DayWindow, DayWindows } from './day-window.ts';
import { LiveError } from './errors.ts';
import type { DayState } from './live-snapshot.ts';
import type { NewestTick, SymbolState } from './symbol-state.ts';

/** A trading date as the writer knows it. */
export interface DayRecord {
  readonly window: DayWindow;
  state: DayState;
  frozenSeq: number | undefined;
  /** Ticks in the tail, and when the oldest of them was committed, by the monotonic clock. */
  tailRows: number;
  tailSinceMs: number;
}

/** What the writer holds in memory: all of it can be read back from live.db. */
export interface WriterState {
  readonly windows: DayWindows;
  readonly symbols: Map<string, SymbolState>;
  readonly bySid: Map<number, SymbolState>;
  readonly days: Map<string, DayRecord>;
  /** Last sourceSeq of each source. */
  readonly marks: Map<string, bigint>;
  nextSeq: number;
  candleVersion: bigint;
}

interface LatestRow {
  readonly sid: bigint;
  readonly trading_date: string;
  readonly ts: bigint;
  readonly seq: bigint;
  readonly price: number;
  readonly volume: number;
  readonly bid: number | null;
  readonly ask: number | null;
}

/** Reads the state of the writer from live.db, after recovery. @throws `LIVE_CORRUPT` */
export function loadState(db: SqliteDatabase, windows: DayWindows): WriterState {
  const counters = db
    .prepare('SELECT next_seq, candle_version FROM counters WHERE id = 1')
    .get() as { next_seq: bigint; candle_version: bigint };
  const state: WriterState = {
    windows,
    symbols: new Map(),
    bySid: new Map(),
    days: new Map(),
    marks: new Map(),
    nextSeq: Number(counters.next_seq),
    candleVersion: counters.candle_version,
  };
  loadSymbols(db, state);
  loadDays(db, state);
  loadCandleState(db, state);
  loadNewest(db, state);
  return state;
}

/** Makes the state of a symbol that is new to this exchange. */
export function addSymbol(state: WriterState, sid: number, symbol: string): SymbolState {
  const added: SymbolState = { sid, symbol, forming: undefined, newest: undefined };
  state.symbols.set(symbol, added);
  state.bySid.set(sid, added);
  return added;
}

/** Makes the record of a date that is new to the buffer. */
export function addDay(
  state: WriterState,
  window: DayWindow,
  dayState: DayState,
  frozenSeq: number | undefined,
): DayRecord {
  window.isClosed = dayState !== 'open';
  const day = { window, state: dayState, frozenSeq, tailRows: 0, tailSinceMs: 0 };
  state.days.set(window.tradingDate, day);
  return day;
}

function loadSymbols(db: SqliteDatabase, state: WriterState): void {
  const rows = db.prepare('SELECT sid, symbol FROM symbols').all() as {
    sid: bigint;
    symbol: string;
  }[];
  for (const row of rows) addSymbol(state, Number(row.sid), row.symbol);
  const sources = db.prepare('SELECT source, last_source_seq FROM sources').all() as {
    source: string;
    last_source_seq: bigint;
  }[];
  for (const row of sources) state.marks.set(row.source, row.last_source_seq);
}

function loadDays(db: SqliteDatabase, state: WriterState): void {
  const rows = db.prepare('SELECT trading_date, state, frozen_seq FROM days').all() as {
    trading_date: string;
    state: DayState;
    frozen_seq: bigint | null;
  }[];
  for (const row of rows) {
    const frozenSeq = row.frozen_seq === null ? undefined : Number(row.frozen_seq);
    addDay(state, windowOf(state.windows, row.trading_date), row.state, frozenSeq);
  }
}

function loadCandleState(db: SqliteDatabase, state: WriterState): void {
  for (const row of db.prepare('SELECT * FROM forming').all() as FormingRow[]) {
    const window = windowOf(state.windows, row.trading_date);
    symbolOf(state, row.sid).forming = builtFrom(row, window);
    window.ticked.add(Number(row.sid));
  }
  const origins = db.prepare('SELECT DISTINCT sid, trading_date, origin FROM candles').all() as {
    sid: bigint;
    trading_date: string;
    origin: 'ticks' | 'supplied';
  }[];
  for (const row of origins) {
    const window = windowOf(state.windows, row.trading_date);
    (row.origin === 'ticks' ? window.ticked : window.supplied).add(Number(row.sid));
  }
}

/** Newest tick of each symbol: of the sealed ones from their table, then of the tail, which is read through once. */
function loadNewest(db: SqliteDatabase, state: WriterState): void {
  for (const row of db.prepare('SELECT * FROM latest').all() as LatestRow[]) {
    const day = windowOf(state.windows, row.trading_date);
    symbolOf(state, row.sid).newest = {
      day,
      offset: day.offsetOfTs(row.ts),
      seq: Number(row.seq),
      price: row.price,
      volume: row.volume,
      bid: row.bid ?? Number.NaN,
      ask: row.ask ?? Number.NaN,
    };
  }
  const seqs = db.prepare('SELECT first_seq FROM tail ORDER BY first_seq').pluck();
  const batch = db.prepare('SELECT * FROM tail WHERE first_seq = ?');
  for (const firstSeq of seqs.all()) noteBatch(state, batch.get(firstSeq) as BatchRow);
}

function noteBatch(state: WriterState, row: BatchRow): void {
  const day = state.days.get(row.trading_date);
  if (day === undefined)
    throw new LiveError('LIVE_CORRUPT', `Ticks of ${row.trading_date} have no row in days`);
  day.tailRows += Number(row.rows);
  day.tailSinceMs = performance.now();
  day.window.clock = Math.max(day.window.clock, day.window.offsetOfTs(row.max_ts));
  const ticks = decodeTicks(row);
  for (let i = 0; i < ticks.rows; i++) {
    const symbol = symbolOf(state, BigInt(ticks.sid[i]!));
    const offset = day.window.offsetOfTs(ticks.ts[i]!);
    if (!isNewer(symbol.newest, day.window, offset)) continue;
    symbol.newest = {
      day: day.window,
      offset,
      seq: Number(row.first_seq) + i,
      price: ticks.price[i]!,
      volume: ticks.volume[i]!,
      bid: ticks.bid[i]!,
      ask: ticks.ask[i]!,
    };
  }
}

function isNewer(newest: NewestTick | undefined, day: DayWindow, offset: number): boolean {
  if (newest === undefined || day.order > newest.day.order) return true;
  return day === newest.day && offset >= newest.offset;
}

function windowOf(windows: DayWindows, tradingDate: string): DayWindow {
  const window = windows.of(tradingDate);
  if (window === undefined)
    throw new LiveError(
      'LIVE_CORRUPT',
      `The live buffer has rows of ${tradingDate}, on which the calendar has no session`,
      { hint: 'Give the calendar that the rows were stored with: calendars/<exchange>.json.' },
    );
  return window;
}

function symbolOf(state: WriterState, sid: bigint): SymbolState {
  const symbol = state.bySid.get(Number(sid));
  if (symbol === undefined)
    throw new LiveError('LIVE_CORRUPT', `Rows with sid ${sid} have no row in symbols`);
  return symbol;
}
