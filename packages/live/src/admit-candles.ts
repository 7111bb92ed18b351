import type { CandleBatch } from '@tb/schema';
import type { RejectReason } from './ack.ts';
import { advance, markOf, refusal, type Slice, type SliceOutcome, symbolAt } from './admit.ts';
import type { CandleRow } from './candle-store.ts';
import type { DayWindow } from './day-window.ts';
import type { Staging } from './staging.ts';
import type { Statements } from './statements.ts';
import type { WriterState } from './writer-state.ts';

/** A supplied candle that is going to be written. */
export interface SuppliedCandle {
  readonly sid: number;
  readonly day: DayWindow;
  readonly ts: bigint;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly state: 'closed' | 'revised';
  readonly revision: number;
}

/** Supplied candles of one transaction, by sid and START: one of a key, the last that came. */
export type SuppliedCandles = Map<string, SuppliedCandle>;

/** Checks the candles of a slice row by row, and stages the good ones. Reads what is stored; changes only the staging. */
export function admitCandles(
  state: WriterState,
  statements: Statements,
  staging: Staging,
  supplied: SuppliedCandles,
  slice: Slice,
): SliceOutcome {
  const outcome: SliceOutcome = { slice, rejected: [], duplicates: 0 };
  const batch = slice.entry.batch as CandleBatch;
  const mark = markOf(state, staging, batch);
  const named = slice.entry.options.tradingDate;
  for (let row = slice.from; row < slice.to; row++) {
    if (mark !== undefined && !advance(mark, batch.sourceSeq![row]!)) {
      outcome.duplicates++;
      continue;
    }
    const day = windowFor(state, named, batch.ts[row]!);
    const verdict =
      typeof day === 'string' ? day : admitRow(state, statements, supplied, batch, row, day);
    if (verdict === 'duplicate') outcome.duplicates++;
    else if (verdict !== undefined) outcome.rejected.push({ row, reason: verdict });
  }
  staging.duplicates += outcome.duplicates;
  staging.rejected += outcome.rejected.length;
  return outcome;
}

function windowFor(
  state: WriterState,
  named: string | undefined,
  ts: bigint,
): DayWindow | RejectReason {
  if (named === undefined) return state.windows.holding(ts);
  const window = state.windows.of(named);
  return window !== undefined && window.offsetOfTs(ts) >= 0 ? window : refusal(window);
}

function admitRow(
  state: WriterState,
  statements: Statements,
  supplied: SuppliedCandles,
  batch: CandleBatch,
  row: number,
  day: DayWindow,
): RejectReason | 'duplicate' | undefined {
  const symbol = state.symbols.get(symbolAt(batch, row));
  if (symbol === undefined) return 'bad_symbol';
  const reason = faultOf(batch, row, day);
  if (reason !== undefined) return reason;
  if (day.isClosed) return 'day_frozen';
  if (day.ticked.has(symbol.sid)) return 'other_origin';
  const candle = {
    sid: symbol.sid,
    day,
    ts: batch.ts[row]!,
    open: batch.open[row]!,
    high: batch.high[row]!,
    low: batch.low[row]!,
    close: batch.close[row]!,
    volume: batch.volume[row]!,
  };
  const key = `${candle.sid} ${candle.ts}`;
  const stored = supplied.get(key) ?? storedCandle(statements, candle.sid, candle.ts);
  if (stored === undefined) supplied.set(key, { ...candle, state: 'closed', revision: 0 });
  else if (isSame(stored, candle)) return 'duplicate';
  else supplied.set(key, { ...candle, state: 'revised', revision: stored.revision + 1 });
  return undefined;
}

function faultOf(batch: CandleBatch, row: number, day: DayWindow): RejectReason | undefined {
  const open = batch.open[row]!;
  const high = batch.high[row]!;
  const low = batch.low[row]!;
  const close = batch.close[row]!;
  const volume = batch.volume[row]!;
  for (const price of [open, high, low, close])
    if (!(price > 0 && price < Number.POSITIVE_INFINITY)) return 'bad_price';
  if (!(volume >= 0 && volume < Number.POSITIVE_INFINITY)) return 'bad_volume';
  if (low > Math.min(open, close) || high < Math.max(open, close)) return 'bad_candle';
  const offset = day.offsetOfTs(batch.ts[row]!);
  return day.minuteStart(offset) === offset ? undefined : 'misaligned';
}

type Values = Pick<SuppliedCandle, 'open' | 'high' | 'low' | 'close' | 'volume'>;

function storedCandle(
  statements: Statements,
  sid: number,
  ts: bigint,
): (Values & { revision: number }) | undefined {
  const row = statements.findCandle.get(sid, ts) as CandleRow | undefined;
  return row && { ...row, revision: Number(row.revision) };
}

function isSame(a: Values, b: Values): boolean {
  return (
    a.open === b.open &&
    a.high === b.high &&
    a.low === b.low &&
    a.close === b.close &&
    a.volume === b.volume
  );
}
