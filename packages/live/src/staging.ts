import type { StoredColumns } from './codec.ts';
import type { DayWindow } from './day-window.ts';
import type { SymbolState } from './symbol-state.ts';

/** Rows that one transaction takes at most: about 4 ms of the event loop. */
export const FLUSH_ROWS = 4_096;

/** Accepted ticks of one trading date, in the order in which they get their seqs. */
export class StagedDay implements StoredColumns {
  day: DayWindow;
  /** Of a date whose rollover has begun: durable, set aside. */
  isLate: boolean;
  readonly sid: Int32Array = new Int32Array(FLUSH_ROWS);
  readonly ts: BigInt64Array = new BigInt64Array(FLUSH_ROWS);
  readonly price: Float64Array = new Float64Array(FLUSH_ROWS);
  readonly volume: Float64Array = new Float64Array(FLUSH_ROWS);
  readonly bid: Float64Array = new Float64Array(FLUSH_ROWS);
  readonly ask: Float64Array = new Float64Array(FLUSH_ROWS);
  readonly offset: Float64Array = new Float64Array(FLUSH_ROWS);
  readonly symbol: SymbolState[] = [];
  rows = 0;
  minOffset: number = Number.POSITIVE_INFINITY;
  maxOffset = -1;
  /** Seq of the first row, once the transaction has begun. */
  firstSeq = 0;

  constructor(day: DayWindow) {
    this.day = day;
    this.isLate = day.isClosed;
  }

  /** Empties it for the rows of another transaction: the columns are used again. */
  reset(day: DayWindow): this {
    this.day = day;
    this.isLate = day.isClosed;
    this.rows = 0;
    this.minOffset = Number.POSITIVE_INFINITY;
    this.maxOffset = -1;
    return this;
  }

  add(
    symbol: SymbolState,
    ts: bigint,
    offset: number,
    price: number,
    volume: number,
    bid: number,
    ask: number,
  ): void {
    const row = this.rows++;
    this.symbol[row] = symbol;
    this.sid[row] = symbol.sid;
    this.ts[row] = ts;
    this.price[row] = price;
    this.volume[row] = volume;
    this.bid[row] = bid;
    this.ask[row] = ask;
    this.offset[row] = offset;
    if (offset < this.minOffset) this.minOffset = offset;
    if (offset > this.maxOffset) this.maxOffset = offset;
  }
}

/** How far a source has come, and what was dropped or missing on the way. */
export interface SourceMark {
  last: bigint;
  duplicates: number;
  gaps: bigint;
}

/** What one transaction is going to write. */
export interface Staging {
  readonly days: Map<DayWindow, StagedDay>;
  readonly marks: Map<string, SourceMark>;
  /** Columns of earlier transactions, to be used again: 340 kB a date are not made anew for each flush. */
  readonly spare: StagedDay[];
  duplicates: number;
  rejected: number;
}

export function newStaging(spare: StagedDay[]): Staging {
  return { days: new Map(), marks: new Map(), spare, duplicates: 0, rejected: 0 };
}

export function stagedDayOf(staging: Staging, day: DayWindow): StagedDay {
  let staged = staging.days.get(day);
  if (staged === undefined) {
    staged = staging.spare.pop()?.reset(day) ?? new StagedDay(day);
    staging.days.set(day, staged);
  }
  return staged;
}

/** The transaction is over: its columns may be used again. One date is the rule; of more, two are kept. */
export function recycle({ days, spare }: Staging): void {
  for (const staged of days.values()) if (spare.length < 2) spare.push(staged);
}
