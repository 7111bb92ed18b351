import type { Session } from '@tb/calendar';
import type { ColumnChunk } from '@tb/schema';
import {
  type CandleSqlPlan,
  candleSql,
  fractionSql,
  presortedSql,
  type VolumeSum,
} from './candle-sql.ts';
import type { CandleChunk } from './chunk.ts';
import { collectInOrder } from './presorted.ts';
import type { Span } from './range.ts';
import { sidsOf } from './symbol-table.ts';

/** Rows to make up; see `Filling`. */
export interface FillPlan {
  readonly mode: 'null' | 'fill';
  readonly sessions: readonly Session[];
  readonly now: bigint;
}

/** Runs the statements of the slices one after the other. */
export async function* streamCandles(
  plan: CandleSqlPlan,
  slices: readonly Span[],
  fill: FillPlan | undefined,
  signal: AbortSignal | undefined,
): AsyncGenerator<CandleChunk, void, undefined> {
  const carried = new Map<number, number>();
  const sidByCode = plan.table.sidByCode;
  for (const slice of slices) {
    signal?.throwIfAborted();
    const lying = fill ? undefined : await asTheyLie(plan, slice, signal);
    if (lying) {
      yield* lying;
      continue;
    }
    const volumes = await volumeSum(plan, slice, signal);
    const sql = candleSql(plan, slice, volumes, fill && { ...fill, carried });
    for await (const chunk of plan.sources.snapshot.stream(sql, [], signal)) {
      signal?.throwIfAborted();
      const candles = candleChunk(chunk, sidByCode);
      if (fill && slices.length > 1) carry(carried, candles);
      yield candles;
    }
  }
}

async function asTheyLie(
  plan: CandleSqlPlan,
  slice: Span,
  signal: AbortSignal | undefined,
): Promise<readonly CandleChunk[] | undefined> {
  const sql = presortedSql(plan, slice);
  if (sql === undefined) return undefined;
  const { snapshot } = plan.sources;
  const toChunk = (chunk: ColumnChunk) => candleChunk(chunk, plan.table.sidByCode);
  return collectInOrder(snapshot, sql, toChunk, signal);
}

/** How the volumes of a slice have to be added. */
export async function volumeSum(
  plan: CandleSqlPlan,
  slice: Span,
  signal: AbortSignal | undefined,
): Promise<VolumeSum> {
  const sql = fractionSql(plan, slice);
  if (sql === undefined) return plan.sources.minute.length === 0 ? 'any' : 'ordered';
  let fractions = 0n;
  for await (const chunk of plan.sources.snapshot.stream(sql, [], signal))
    fractions += (chunk.columns[0] as BigInt64Array)[0] ?? 0n;
  return fractions === 0n ? 'any' : 'ordered';
}

/** Columns in the order of `candleSql`. */
function candleChunk(chunk: ColumnChunk, sidByCode: Int32Array): CandleChunk {
  const [ts, code, open, high, low, close, volume, filled] = chunk.columns as readonly [
    BigInt64Array,
    Int32Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Int32Array | undefined,
  ];
  const sid = sidsOf(code, sidByCode);
  const { rows } = chunk;
  const flags = filled ? Uint8Array.from(filled) : new Uint8Array(rows);
  return { rows, sid, ts, open, high, low, close, volume, code, filled: flags };
}

/** Remembers the last close of each symbol for the slice that follows. */
function carry(carried: Map<number, number>, candles: CandleChunk): void {
  for (let i = 0; i < candles.rows; i++) {
    const close = candles.close[i]!;
    if (!Number.isNaN(close)) carried.set(candles.code[i]!, close);
  }
}
