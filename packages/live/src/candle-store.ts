import type { ClosedCandle } from './candle-builder.ts';
import type { DayWindow } from './day-window.ts';
import type { Statements } from './statements.ts';
import type { BuiltCandle } from './symbol-state.ts';

/** A row of `candles`, as SQLite gives it with safe integers. */
export interface CandleRow {
  readonly sid: bigint;
  readonly ts: bigint;
  readonly trading_date: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly state: 'closed' | 'revised';
  readonly origin: 'ticks' | 'supplied';
  readonly revision: bigint;
  readonly first_ts: bigint | null;
  readonly first_seq: bigint | null;
  readonly last_ts: bigint | null;
  readonly last_seq: bigint | null;
  readonly version: bigint;
}

/** A row of `forming`. */
export interface FormingRow {
  readonly sid: bigint;
  readonly ts: bigint;
  readonly trading_date: string;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly first_ts: bigint;
  readonly first_seq: bigint;
  readonly last_ts: bigint;
  readonly last_seq: bigint;
  readonly version: bigint;
}

/** Writes the forming candle of a symbol. */
export function writeForming(statements: Statements, candle: BuiltCandle, version: bigint): void {
  const { day } = candle;
  statements.upsertForming.run(
    candle.sid,
    day.tsOf(candle.start),
    day.tradingDate,
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.volume,
    day.tsOf(candle.firstOffset),
    BigInt(candle.firstSeq),
    day.tsOf(candle.lastOffset),
    BigInt(candle.lastSeq),
    version,
  );
}

/** Writes a closed or revised candle made from ticks. */
export function writeClosed(statements: Statements, closed: ClosedCandle, version: bigint): void {
  const { candle, state, revision } = closed;
  const { day } = candle;
  statements.upsertCandle.run(
    candle.sid,
    day.tsOf(candle.start),
    day.tradingDate,
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.volume,
    state,
    'ticks',
    revision,
    day.tsOf(candle.firstOffset),
    BigInt(candle.firstSeq),
    day.tsOf(candle.lastOffset),
    BigInt(candle.lastSeq),
    version,
  );
}

/** The closed candle of a minute; undefined when there is none, or a supplied one. */
export function findClosed(
  statements: Statements,
  sid: number,
  day: DayWindow,
  start: number,
): ClosedCandle | undefined {
  const row = statements.findCandle.get(sid, day.tsOf(start)) as CandleRow | undefined;
  if (row === undefined || row.origin !== 'ticks') return undefined;
  return {
    candle: builtFrom(row as FormingRow & CandleRow, day),
    state: row.state,
    revision: Number(row.revision),
  };
}

/** A stored candle as the builder works on it. */
export function builtFrom(row: FormingRow, day: DayWindow): BuiltCandle {
  const start = day.offsetOfTs(row.ts);
  return {
    sid: Number(row.sid),
    day,
    start,
    end: day.minuteEnd(start),
    open: row.open,
    high: row.high,
    low: row.low,
    close: row.close,
    volume: row.volume,
    firstOffset: day.offsetOfTs(row.first_ts),
    firstSeq: Number(row.first_seq),
    lastOffset: day.offsetOfTs(row.last_ts),
    lastSeq: Number(row.last_seq),
  };
}
