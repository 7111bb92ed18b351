import type { CandleColumns } from '@tb/schema';

/** A candle as a row of numbers. */
export interface CandleValues {
  readonly sid: number;
  readonly ts: bigint;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Above this many changes they are merged into the columns. */
const MERGE_ROWS = 2_048;

/**
 * The candles of one date, as they were at one moment: columns sorted (sid, ts), and later changes, which win. Never
 * changes; `with` makes the next one, at the price of what is new.
 */
export class CandleSet {
  static readonly EMPTY: CandleSet = new CandleSet(allocateCandles(0), []);
  readonly #base: CandleColumns;
  readonly #changes: readonly CandleValues[];
  #merged: CandleColumns | undefined;

  private constructor(base: CandleColumns, changes: readonly CandleValues[]) {
    this.#base = base;
    this.#changes = changes;
  }

  /** @param columns Sorted (sid, ts), each key once. */
  static of(columns: CandleColumns): CandleSet {
    return new CandleSet(columns, []);
  }

  /** The set with newer candles in it. */
  with(changes: readonly CandleValues[]): CandleSet {
    const all = [...this.#changes, ...changes];
    if (all.length < MERGE_ROWS) return new CandleSet(this.#base, all);
    return new CandleSet(merge(this.#base, all), []);
  }

  /** All candles, sorted (sid, ts); `more` are added for this call. */
  columns(more: readonly CandleValues[] = []): CandleColumns {
    if (more.length > 0) return merge(this.#base, [...this.#changes, ...more]);
    this.#merged ??= this.#changes.length === 0 ? this.#base : merge(this.#base, this.#changes);
    return this.#merged;
  }
}

export function allocateCandles(rows: number): CandleColumns {
  const values = (): Float64Array => new Float64Array(rows);
  return {
    rows,
    sid: new Int32Array(rows),
    ts: new BigInt64Array(rows),
    open: values(),
    high: values(),
    low: values(),
    close: values(),
    volume: values(),
  };
}

/** Two sorted lists into one; a change with the key of a base row takes its place, the last change of a key wins. */
function merge(base: CandleColumns, changes: readonly CandleValues[]): CandleColumns {
  const latest = new Map(changes.map((candle) => [`${candle.sid} ${candle.ts}`, candle]));
  const sorted = [...latest.values()].sort((a, b) => compare(a.sid, a.ts, b.sid, b.ts));
  const out = allocateCandles(base.rows + sorted.length);
  let rows = 0;
  let next = 0;
  for (let row = 0; row < base.rows; row++) {
    const sid = base.sid[row]!;
    const ts = base.ts[row]!;
    let order = 1;
    for (let change = sorted[next]; change !== undefined; change = sorted[++next]) {
      order = compare(change.sid, change.ts, sid, ts);
      if (order > 0) break;
      putCandle(out, rows++, change);
      if (order === 0) {
        next++;
        break;
      }
    }
    if (order !== 0) copy(out, rows++, base, row);
  }
  for (const change of sorted.slice(next)) putCandle(out, rows++, change);
  return cut(out, rows);
}

function compare(sidA: number, tsA: bigint, sidB: number, tsB: bigint): number {
  if (sidA !== sidB) return sidA - sidB;
  return tsA < tsB ? -1 : tsA > tsB ? 1 : 0;
}

export function putCandle(out: CandleColumns, row: number, candle: CandleValues): void {
  out.sid[row] = candle.sid;
  out.ts[row] = candle.ts;
  out.open[row] = candle.open;
  out.high[row] = candle.high;
  out.low[row] = candle.low;
  out.close[row] = candle.close;
  out.volume[row] = candle.volume;
}

function copy(out: CandleColumns, row: number, from: CandleColumns, at: number): void {
  out.sid[row] = from.sid[at]!;
  out.ts[row] = from.ts[at]!;
  out.open[row] = from.open[at]!;
  out.high[row] = from.high[at]!;
  out.low[row] = from.low[at]!;
  out.close[row] = from.close[at]!;
  out.volume[row] = from.volume[at]!;
}

function cut(columns: CandleColumns, rows: number): CandleColumns {
  if (rows === columns.rows) return columns;
  return {
    rows,
    sid: columns.sid.subarray(0, rows),
    ts: columns.ts.subarray(0, rows),
    open: columns.open.subarray(0, rows),
    high: columns.high.subarray(0, rows),
    low: columns.low.subarray(0, rows),
    close: columns.close.subarray(0, rows),
    volume: columns.volume.subarray(0, rows),
  };
}
