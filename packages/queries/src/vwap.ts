import { type ColumnChunk, parseTimeframe, type Timeframe } from '@tb/schema';
import { candleFacts, planCandles } from './candle-query.ts';
import type { QueryContext } from './context.ts';
import { QueryError } from './errors.ts';
import { type Span, spanOf } from './range.ts';
import type { RangeRequest } from './request.ts';
import type { StreamResult } from './result.ts';
import { CANDLE_VALUES, codedSql, type Piece, pieceOf, scanSql } from './scan-sql.ts';
import { oneOf } from './scope.ts';
import { doubles, type SqlResultOptions, sqlResult } from './sql-result.ts';
import type { SymbolTable } from './symbol-table.ts';
import { planTicks, tickFacts } from './tick-query.ts';
import { scanSpan, wholeSessions } from './trading-days.ts';
import { sessionsOfSource } from './window-run.ts';

/**
 * Volume-weighted average price: sum(price x volume) / sum(volume).
 *
 * - `ticks`: the price of each tick.
 * - `candles`: the typical price (high + low + close) / 3 of each 1m candle: an approximation.
 */
export interface VwapRequest extends RangeRequest {
  readonly of: 'ticks' | 'candles';
  /** One value a candle of this width (minutes, hours or `1d`). Default: one for the whole range. */
  readonly timeframe?: string | undefined;
  readonly onGap?: 'error' | 'report' | undefined;
}

/** Columns in order (ts, symbol). */
export interface VwapChunk {
  readonly rows: number;
  /** START of the candle; `from` when one value stands for the whole range. */
  readonly ts: BigInt64Array;
  readonly code: Int32Array;
  /** NaN where nothing was traded. */
  readonly vwap: Float64Array;
  readonly volume: Float64Array;
  /** Ticks, or 1m candles. */
  readonly count: BigInt64Array;
}

export type VwapResult = StreamResult<VwapChunk>;

/** See `MarketDataQuery.vwap`. */
export async function queryVwap(context: QueryContext, request: VwapRequest): Promise<VwapResult> {
  const of = oneOf('of', request.of, ['ticks', 'candles']);
  const onGap = oneOf('onGap', request.onGap ?? 'error', ['error', 'report']);
  const timeframe = request.timeframe === undefined ? undefined : parseTimeframe(request.timeframe);
  if (timeframe?.unit === 'day' && timeframe.count > 1)
    throw new QueryError('BAD_REQUEST', `VWAP per ${timeframe.text}: at most 1d`);
  return of === 'ticks'
    ? tickVwap(context, request, timeframe, onGap)
    : candleVwap(context, request, timeframe, onGap);
}

async function tickVwap(
  context: QueryContext,
  request: VwapRequest,
  timeframe: Timeframe | undefined,
  onGap: 'error' | 'report',
): Promise<VwapResult> {
  const asked = spanOf(request.from, request.to);
  const calendar = context.calendarOf(request.exchange);
  const scan = timeframe ? scanSpan(calendar, timeframe, asked) : asked;
  const plan = await planTicks(context, { ...request, ...scan });
  const { snapshot, scope, table, sids } = plan;
  try {
    const facts = await tickFacts(context, plan, onGap);
    const pieces = snapshot.sources.map((source) =>
      pieceOf(
        source,
        timeframe ? sessionsOfSource(calendar, source, wholeSessions(calendar, scan)) : [],
      ),
    );
    const rows = weightedSql({
      pieces,
      scan,
      sids,
      table,
      timeframe,
      of: 'ticks',
      from: asked.from,
    });
    return resultOf({ facts, snapshot, signal: scope.signal, release: snapshot }, rows, asked);
  } catch (error) {
    await snapshot[Symbol.asyncDispose]();
    throw error;
  }
}

async function candleVwap(
  context: QueryContext,
  request: VwapRequest,
  timeframe: Timeframe | undefined,
  onGap: 'error' | 'report',
): Promise<VwapResult> {
  const asked = { ...request, timeframe: request.timeframe ?? '1m' };
  const plan = await planCandles(context, asked, { fromMinutes: true });
  const { scope, sources } = plan;
  try {
    const { facts } = await candleFacts(context, plan, onGap);
    const { table, sids } = plan.sql;
    const scan = timeframe ? plan.scan : scope.span;
    const { from } = scope.span;
    const rows = weightedSql({
      pieces: sources.minute,
      scan,
      sids,
      table,
      timeframe,
      of: 'candles',
      from,
    });
    const parts = { facts, snapshot: sources.snapshot, signal: scope.signal, release: sources };
    return resultOf(parts, rows, scope.span);
  } catch (error) {
    await sources[Symbol.asyncDispose]();
    throw error;
  }
}

interface Weighted {
  readonly pieces: readonly Piece[];
  readonly scan: Span;
  readonly sids: readonly number[] | undefined;
  readonly table: SymbolTable;
  readonly timeframe: Timeframe | undefined;
  readonly of: 'ticks' | 'candles';
  /** Stamp of the one value, without a timeframe. */
  readonly from: bigint;
}

/** SELECT of `code, label, price, volume`. */
function weightedSql({ pieces, scan, sids, table, timeframe, of, from }: Weighted): string {
  const values = of === 'ticks' ? ['price', 'volume'] : CANDLE_VALUES;
  const prices = of === 'ticks' ? ['price'] : ['high', 'low', 'close'];
  const scanned = scanSql(pieces, scan, sids, values, timeframe);
  const coded = codedSql(scanned, table, prices, timeframe ? ['label'] : []);
  const price = of === 'ticks' ? 'price' : '(high + low + close) / 3';
  const label = timeframe ? 'label' : `${from}::BIGINT AS label`;
  return `SELECT code, ${label}, ${price} AS price, volume FROM (${coded})`;
}

/** fsum: Kahan's compensated sum, so that the order of DuckDB's threads does not show in the digits. */
function resultOf(
  parts: Omit<SqlResultOptions<VwapChunk>, 'statements' | 'toChunk'>,
  rows: string,
  span: Span,
): VwapResult {
  const sql = `SELECT label AS t, code, fsum(price * volume) / nullif(fsum(volume), 0) AS vwap, fsum(volume) AS volume, count(*) AS n
FROM (${rows}) WHERE label >= ${span.from} AND label < ${span.to} GROUP BY label, code ORDER BY t, code`;
  return sqlResult({ ...parts, statements: [sql], toChunk });
}

function toChunk(chunk: ColumnChunk): VwapChunk {
  const [ts, code] = chunk.columns as readonly [BigInt64Array, Int32Array];
  const count = chunk.columns[4] as BigInt64Array;
  return { rows: chunk.rows, ts, code, vwap: doubles(chunk, 2), volume: doubles(chunk, 3), count };
}
