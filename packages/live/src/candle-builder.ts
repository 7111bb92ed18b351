import type { DayWindow } from './day-window.ts';
import {
  type BuiltCandle,
  candleOf,
  foldTick,
  type NewestTick,
  type SymbolState,
} from './symbol-state.ts';

/** A candle that takes no more ticks of its own minute, except late ones. */
export interface ClosedCandle {
  readonly candle: BuiltCandle;
  state: 'closed' | 'revised';
  revision: number;
}

/** Finds a closed candle that the database has. */
export type FindClosed = (sid: number, day: DayWindow, start: number) => ClosedCandle | undefined;

/** What a transaction has to write. */
export interface CandleChanges {
  /** Symbols whose forming candle is new or changed. */
  readonly forming: readonly BuiltCandle[];
  /** Symbols that have no forming candle any more. */
  readonly ended: readonly number[];
  readonly closed: readonly ClosedCandle[];
}

interface Before {
  readonly state: SymbolState;
  readonly forming: BuiltCandle | undefined;
  readonly newest: NewestTick | undefined;
}

/**
 * Builds 1m candles from ticks, one transaction at a time: `add` the ticks in the order of their seqs, write `changes()`,
 * then `accept()` after COMMIT, or `rollBack()`. At any time forming and closed candles together equal a full rebuild
 * from all ticks in the order of seq: open and close belong to the least and greatest (ts, seq), volume is added in the
 * order of seq. A tick of volume 0 (an index, an auction, a quote) counts for the prices. A minute without ticks has no
 * candle.
 */
export class CandleBuilder {
  readonly #find: FindClosed;
  /** States as they were when the transaction began, by sid. */
  readonly #before = new Map<number, Before>();
  readonly #closed = new Map<string, ClosedCandle>();
  /** Dates and symbols that got a candle from ticks: their candles cannot be supplied any more. */
  #ticked: { readonly day: DayWindow; readonly sid: number }[] = [];

  constructor(find: FindClosed) {
    this.#find = find;
  }

  /** Takes one tick of an open date: into its candle, and as the newest one if it is. */
  add(
    state: SymbolState,
    day: DayWindow,
    offset: number,
    seq: number,
    price: number,
    volume: number,
    bid: number,
    ask: number,
  ): void {
    if (!this.#before.has(state.sid)) this.#remember(state);
    const { forming, newest } = state;
    if (
      forming !== undefined &&
      forming.day === day &&
      offset >= forming.start &&
      offset < forming.end
    )
      foldTick(forming, offset, seq, price, volume);
    else this.#place(state, day, offset, seq, price, volume);
    if (newest === undefined || day.order > newest.day.order)
      state.newest = { day, offset, seq, price, volume, bid, ask };
    else if (newest.day === day && offset >= newest.offset)
      Object.assign(newest, { offset, seq, price, volume, bid, ask });
  }

  /** Closes the forming candle of a symbol: its minute is over. */
  close(state: SymbolState): void {
    const forming = state.forming;
    if (forming === undefined) return;
    if (!this.#before.has(state.sid)) this.#remember(state);
    this.#closed.set(keyOf(forming.sid, forming.day, forming.start), {
      candle: forming,
      state: 'closed',
      revision: 0,
    });
    state.forming = undefined;
  }

  changes(): CandleChanges {
    const forming: BuiltCandle[] = [];
    const ended: number[] = [];
    for (const { state, forming: before } of this.#before.values()) {
      if (state.forming !== undefined) forming.push(state.forming);
      else if (before !== undefined) ended.push(state.sid);
    }
    return { forming, ended, closed: [...this.#closed.values()] };
  }

  accept(): void {
    for (const { day, sid } of this.#ticked) day.ticked.add(sid);
    this.#forget();
  }

  rollBack(): void {
    for (const { state, forming, newest } of this.#before.values()) {
      state.forming = forming;
      state.newest = newest;
    }
    this.#forget();
  }

  #forget(): void {
    this.#before.clear();
    this.#closed.clear();
    this.#ticked = [];
  }

  #remember(state: SymbolState): void {
    const { forming, newest } = state;
    this.#before.set(state.sid, { state, forming, newest });
    // The transaction works on copies; a rollback puts the originals back.
    state.forming = forming && { ...forming };
    state.newest = newest && { ...newest };
  }

  /** A tick outside the forming minute: of a later one, or a late one. */
  #place(
    state: SymbolState,
    day: DayWindow,
    offset: number,
    seq: number,
    price: number,
    volume: number,
  ): void {
    const { sid, forming } = state;
    const start = day.minuteStart(offset);
    const closed = this.#findClosed(sid, day, start);
    if (closed !== undefined) {
      foldTick(closed.candle, offset, seq, price, volume);
      this.#revise(closed);
      return;
    }
    const candle = candleOf(sid, day, offset, seq, price, volume);
    this.#ticked.push({ day, sid });
    if (forming === undefined || isLater(candle, forming)) {
      this.close(state);
      state.forming = candle;
    } else this.#revise({ candle, state: 'closed', revision: 0 });
  }

  #revise(closed: ClosedCandle): void {
    closed.state = 'revised';
    closed.revision++;
    const { sid, day, start } = closed.candle;
    this.#closed.set(keyOf(sid, day, start), closed);
  }

  #findClosed(sid: number, day: DayWindow, start: number): ClosedCandle | undefined {
    return this.#closed.get(keyOf(sid, day, start)) ?? this.#find(sid, day, start);
  }
}

function isLater(a: BuiltCandle, b: BuiltCandle): boolean {
  return a.day === b.day ? a.start > b.start : a.day.order > b.day.order;
}

function keyOf(sid: number, day: DayWindow, start: number): string {
  return `${sid} ${day.tradingDate} ${start}`;
}
