import type { CandleBatch, TickBatch } from '@tb/schema';
import type { Ack, AppendOptions, RejectedRow } from './ack.ts';

/** One call that waits to be written. */
export interface Entry {
  readonly kind: 'ticks' | 'candles';
  readonly batch: TickBatch | CandleBatch;
  readonly options: AppendOptions;
  readonly rows: number;
  readonly queuedAtMs: number;
  resolve(ack: Ack): void;
  reject(error: unknown): void;
  /** Some of its rows are being written: it cannot be dropped any more. */
  isTaken: boolean;
  /** It waits with the backfill: as it asked for, or because its source has backfill ahead of it. */
  isBackfill: boolean;
  /** Its caller has got an error. */
  isRejected: boolean;
  /** How many of its rows are committed, or were found wrong or delivered before. */
  done: number;
  /** What its committed rows came to. */
  firstSeq: number | undefined;
  lastSeq: number | undefined;
  stored: number;
  duplicates: number;
  late: number;
  readonly rejected: RejectedRow[];
}

export function ackOf(entry: Entry, epoch: number): Ack {
  return {
    firstSeq: entry.firstSeq === undefined ? undefined : BigInt(entry.firstSeq),
    lastSeq: entry.lastSeq === undefined ? undefined : BigInt(entry.lastSeq),
    rows: entry.stored,
    duplicates: entry.duplicates,
    rejected: entry.rejected,
    late: entry.late,
    epoch,
  };
}

const TICK_COLUMNS = ['price', 'volume', 'bid', 'ask'] as const;
const CANDLE_COLUMNS = ['open', 'high', 'low', 'close', 'volume'] as const;

/**
 * Checks the shape of a batch, before it is queued.
 * @returns The number of rows.
 * @throws TypeError for a column of another type, RangeError for columns of unequal length and for a `sourceSeq` that
 * falls inside the batch: whether such a row is new or a repetition cannot be told.
 */
export function checkBatch(kind: Entry['kind'], batch: TickBatch | CandleBatch): number {
  const columns = batch as unknown as Readonly<Record<string, unknown>>;
  if (!isArrayOf('BigInt64Array', batch.ts)) throw new TypeError('ts must be a BigInt64Array');
  const rows = batch.ts.length;
  for (const name of kind === 'ticks' ? TICK_COLUMNS : CANDLE_COLUMNS) {
    const column = columns[name];
    if (column === undefined && (name === 'bid' || name === 'ask')) continue;
    if (!isArrayOf('Float64Array', column)) throw new TypeError(`${name} must be a Float64Array`);
    if (column.length !== rows)
      throw new RangeError(`${name} has ${column.length} rows, ts has ${rows}`);
  }
  if (typeof batch.symbol !== 'string' && batch.symbol.length !== rows)
    throw new RangeError(`symbol has ${batch.symbol.length} rows, ts has ${rows}`);
  if (batch.sourceSeq !== undefined) checkSourceSeq(batch.source, batch.sourceSeq, rows);
  return rows;
}

/** By tag and not `instanceof`: arrays of another realm are as good. */
function isArrayOf<T extends 'Float64Array' | 'BigInt64Array'>(
  name: T,
  value: unknown,
): value is T extends 'Float64Array' ? Float64Array : BigInt64Array {
  return ArrayBuffer.isView(value) && Reflect.get(value, Symbol.toStringTag) === name;
}

function checkSourceSeq(source: string | undefined, seqs: BigInt64Array, rows: number): void {
  if (!isArrayOf('BigInt64Array', seqs)) throw new TypeError('sourceSeq must be a BigInt64Array');
  if (source === undefined || source === '')
    throw new TypeError('sourceSeq needs a source: the numbers are those of one source');
  if (seqs.length !== rows)
    throw new RangeError(`sourceSeq has ${seqs.length} rows, ts has ${rows}`);
  for (let row = 1; row < rows; row++)
    if (seqs[row]! < seqs[row - 1]!)
      throw new RangeError(
        `sourceSeq falls from ${seqs[row - 1]} to ${seqs[row]} at row ${row}: it must rise within a batch`,
      );
}
