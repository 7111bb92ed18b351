import type { DayWindow } from './day-window.ts';

/** A 1m candle while it is built. Times are offsets in the window of its date, seqs are numbers (below 2^53). */
export interface BuiltCandle {
  readonly sid: number;
  readonly day: DayWindow;
  /** START of the minute, and its end, exclusive. */
  readonly start: number;
  readonly end: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  firstOffset: number;
  firstSeq: number;
  lastOffset: number;
  lastSeq: number;
}

/** The newest tick of a symbol by (ts, seq). */
export interface NewestTick {
  readonly day: DayWindow;
  offset: number;
  seq: number;
  price: number;
  volume: number;
  bid: number;
  ask: number;
}

/** What the writer remembers of one symbol. */
export interface SymbolState {
  readonly sid: number;
  readonly symbol: string;
  forming: BuiltCandle | undefined;
  newest: NewestTick | undefined;
}

/** Takes one tick into a candle. Ticks come in the order of seq, so volumes are always added in that order. */
export function foldTick(
  candle: BuiltCandle,
  offset: number,
  seq: number,
  price: number,
  volume: number,
): void {
  if (price > candle.high) candle.high = price;
  if (price < candle.low) candle.low = price;
  candle.volume += volume;
  if (offset < candle.firstOffset) {
    candle.open = price;
    candle.firstOffset = offset;
    candle.firstSeq = seq;
  }
  if (offset >= candle.lastOffset) {
    candle.close = price;
    candle.lastOffset = offset;
    candle.lastSeq = seq;
  }
}

/** A candle of one tick. */
export function candleOf(
  sid: number,
  day: DayWindow,
  offset: number,
  seq: number,
  price: number,
  volume: number,
): BuiltCandle {
  return {
    sid,
    day,
    start: day.minuteStart(offset),
    end: day.minuteEnd(offset),
    open: price,
    high: price,
    low: price,
    close: price,
    volume,
    firstOffset: offset,
    firstSeq: seq,
    lastOffset: offset,
    lastSeq: seq,
  };
}
