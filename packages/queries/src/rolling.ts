import { candleFacts, planCandles } from './candle-query.ts';
import { candleSql } from './candle-sql.ts';
import { volumeSum } from './candle-stream.ts';
import type { QueryContext } from './context.ts';
import type { CandleRequest } from './request.ts';
import type { StreamResult } from './result.ts';
import { countOf, oneOf } from './scope.ts';
import { doubles, sqlResult } from './sql-result.ts';

/** `stddev`: of the sample (n - 1). */
export type RollingFunction = 'mean' | 'sum' | 'min' | 'max' | 'stddev';

export interface RollingRequest extends Omit<CandleRequest, 'onGap'> {
  readonly of: 'open' | 'high' | 'low' | 'close' | 'volume';
  readonly function: RollingFunction;
  /** Candles in the window, the current one included. */
  readonly length: number;
  readonly onGap?: 'error' | 'report' | undefined;
}

/** Columns in order (ts, symbol). */
export interface RollingChunk {
  readonly rows: number;
  readonly ts: BigInt64Array;
  readonly code: Int32Array;
  /** NaN for the first `length - 1` candles of a symbol: the range holds no whole window yet. */
  readonly value: Float64Array;
}

export type RollingResult = StreamResult<RollingChunk>;

const FUNCTIONS: Readonly<Record<RollingFunction, string>> = {
  mean: 'avg',
  sum: 'sum',
  min: 'min',
  max: 'max',
  stddev: 'stddev_samp',
};

/** See `MarketDataQuery.rolling`. */
export async function queryRolling(
  context: QueryContext,
  request: RollingRequest,
): Promise<RollingResult> {
  const onGap = oneOf('onGap', request.onGap ?? 'error', ['error', 'report']);
  const column = oneOf('of', request.of, ['open', 'high', 'low', 'close', 'volume']);
  const name = oneOf('function', request.function, ['mean', 'sum', 'min', 'max', 'stddev']);
  const length = countOf('length', request.length, 1_000_000);
  const plan = await planCandles(context, request);
  const { sources, scope } = plan;
  try {
    const { facts } = await candleFacts(context, plan, onGap);
    const volumes = await volumeSum(plan.sql, plan.scan, scope.signal);
    const rows = candleSql(plan.sql, plan.scan, volumes);
    const sql = `SELECT t, code, CASE WHEN count(*) OVER w = ${length} THEN ${FUNCTIONS[name]}(${column}) OVER w END AS value
FROM (${rows}) WINDOW w AS (PARTITION BY code ORDER BY t ROWS BETWEEN ${length - 1} PRECEDING AND CURRENT ROW) ORDER BY t, code`;
    return sqlResult<RollingChunk>({
      facts,
      snapshot: sources.snapshot,
      statements: [sql],
      signal: scope.signal,
      toChunk: (chunk) => {
        const [ts, code] = chunk.columns as readonly [BigInt64Array, Int32Array];
        return { rows: chunk.rows, ts, code, value: doubles(chunk, 2) };
      },
      release: sources,
    });
  } catch (error) {
    await sources[Symbol.asyncDispose]();
    throw error;
  }
}
