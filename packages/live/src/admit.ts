import type { TickBatch } from '@tb/schema';
import type { RejectReason } from './ack.ts';
import type { DayWindow } from './day-window.ts';
import type { Entry } from './entry.ts';
import { type SourceMark, type Staging, stagedDayOf } from './staging.ts';
import type { WriterState } from './writer-state.ts';

/** Rows `from` to `to` of an entry, part of one transaction. */
export interface Slice {
  readonly entry: Entry;
  readonly from: number;
  readonly to: number;
}

/** What became of the rows of a slice that are not stored. */
export interface SliceOutcome {
  readonly slice: Slice;
  readonly rejected: { readonly row: number; readonly reason: RejectReason }[];
  duplicates: number;
}

/** Checks the ticks of a slice row by row, and stages the good ones. Changes nothing but the staging. */
export function admitTicks(state: WriterState, staging: Staging, slice: Slice): SliceOutcome {
  const outcome: SliceOutcome = { slice, rejected: [], duplicates: 0 };
  const batch = slice.entry.batch as TickBatch;
  const words = new Int32Array(batch.ts.buffer, batch.ts.byteOffset, batch.ts.length * 2);
  const mark = markOf(state, staging, batch);
  const named = slice.entry.options.tradingDate;
  const fixed = named === undefined ? undefined : state.windows.of(named);
  let day = fixed;
  for (let row = slice.from; row < slice.to; row++) {
    if (mark !== undefined && !advance(mark, batch.sourceSeq![row]!)) {
      outcome.duplicates++;
      continue;
    }
    let offset = day === undefined ? -1 : day.offsetOf(words[row * 2 + 1]!, words[row * 2]! >>> 0);
    if (offset < 0) {
      const found = named === undefined ? state.windows.holding(batch.ts[row]!) : refusal(fixed);
      if (typeof found === 'string') {
        outcome.rejected.push({ row, reason: found });
        continue;
      }
      day = found;
      offset = found.offsetOfTs(batch.ts[row]!);
    }
    const reason = admitRow(state, staging, batch, row, day!, offset);
    if (reason !== undefined) outcome.rejected.push({ row, reason });
  }
  staging.duplicates += outcome.duplicates;
  staging.rejected += outcome.rejected.length;
  return outcome;
}

/** Stages one tick, or says why not. */
function admitRow(
  state: WriterState,
  staging: Staging,
  batch: TickBatch,
  row: number,
  day: DayWindow,
  offset: number,
): RejectReason | undefined {
  const symbol = state.symbols.get(symbolAt(batch, row));
  if (symbol === undefined) return 'bad_symbol';
  const price = batch.price[row]!;
  if (!(price > 0 && price < Number.POSITIVE_INFINITY)) return 'bad_price';
  const volume = batch.volume[row]!;
  if (!(volume >= 0 && volume < Number.POSITIVE_INFINITY)) return 'bad_volume';
  const bid = batch.bid === undefined ? Number.NaN : batch.bid[row]!;
  const ask = batch.ask === undefined ? Number.NaN : batch.ask[row]!;
  if (Math.abs(bid) === Number.POSITIVE_INFINITY || Math.abs(ask) === Number.POSITIVE_INFINITY)
    return 'bad_quote';
  if (day.supplied.size > 0 && day.supplied.has(symbol.sid)) return 'other_origin';
  stagedDayOf(staging, day).add(symbol, batch.ts[row]!, offset, price, volume, bid, ask);
  return undefined;
}

export function symbolAt(
  batch: { readonly symbol: string | readonly string[] },
  row: number,
): string {
  return typeof batch.symbol === 'string' ? batch.symbol : batch.symbol[row]!;
}

/** Why no row of a named date is accepted: it has no session, or the time is outside its window. */
export function refusal(window: DayWindow | undefined): RejectReason {
  return window === undefined ? 'no_session' : 'outside_window';
}

/** The mark of the batch's source; undefined when it has no sourceSeq. */
export function markOf(
  state: WriterState,
  staging: Staging,
  batch: { readonly source?: string | undefined; readonly sourceSeq?: BigInt64Array | undefined },
): SourceMark | undefined {
  if (batch.source === undefined || batch.sourceSeq === undefined || batch.sourceSeq.length === 0)
    return undefined;
  let mark = staging.marks.get(batch.source);
  if (mark === undefined) {
    // A source that is new has no gap before its first number.
    const last = state.marks.get(batch.source) ?? batch.sourceSeq[0]! - 1n;
    mark = { last, duplicates: 0, gaps: 0n };
    staging.marks.set(batch.source, mark);
  }
  return mark;
}

/** Moves the mark to a number; false when the source delivered that number before. */
export function advance(mark: SourceMark, sourceSeq: bigint): boolean {
  if (sourceSeq <= mark.last) {
    mark.duplicates++;
    return false;
  }
  mark.gaps += sourceSeq - mark.last - 1n;
  mark.last = sourceSeq;
  return true;
}
