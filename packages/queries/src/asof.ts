import type { SessionCalendar } from '@tb/calendar';
import type { ColumnChunk } from '@tb/schema';
import { type AsofSides, openSides } from './asof-sides.ts';
import { type AsofDirection, asofSql } from './asof-sql.ts';
import type { QueryContext } from './context.ts';
import { QueryError } from './errors.ts';
import { maxOf, minOf, type Span, spanOf } from './range.ts';
import type { RangeRequest } from './request.ts';
import type { StreamResult } from './result.ts';
import { oneOf } from './scope.ts';
import { doubles, sqlResult } from './sql-result.ts';
import { sessionOpeningBefore, sessionOpeningFrom } from './trading-days.ts';

/** Moments to look up prices for, such as signals. Row i is one event. */
export interface AsofEvents {
  readonly symbol: readonly string[];
  /** ns UTC. */
  readonly ts: BigInt64Array;
}

/**
 * Joins each left row with the right row of its symbol that is nearest in time.
 *
 * - `trades`: ticks with volume above 0. `quotes`: ticks with both bid and ask. `ticks`: all.
 * - `{ candles: '1m' }`: candles by their END, so that a row never sees a candle that was still forming; minutes or hours.
 */
export interface AsofRequest extends RangeRequest {
  readonly left: 'trades' | 'ticks' | AsofEvents;
  readonly right: 'quotes' | 'trades' | 'ticks' | { readonly candles: string };
  /** Default `backward`: the last right row at or before. `nearest` takes the earlier of two equally near. */
  readonly direction?: AsofDirection | undefined;
  /** Whether a right row of the very same time matches. Default true. */
  readonly allowExact?: boolean | undefined;
  /**
   * Farthest match, ns. Default: as far as the session before the range (backward) or after it (forward).
   */
  readonly toleranceNs?: bigint | undefined;
  readonly onGap?: 'error' | 'report' | undefined;
}

/** Left rows in order (ts, symbol, seq), each with its match. */
export interface AsofChunk {
  readonly rows: number;
  readonly ts: BigInt64Array;
  readonly code: Int32Array;
  /** Which event of the request; -1 for ticks. */
  readonly index: Int32Array;
  /** Of the left tick; 0 for events. */
  readonly seq: BigInt64Array;
  /** Of the left tick; NaN for events. */
  readonly price: Float64Array;
  readonly volume: Float64Array;
  /** 1 where a right row was found. */
  readonly matched: Uint8Array;
  /** Time of the right tick, or START of the right candle; 0 without a match. */
  readonly rightTs: BigInt64Array;
  /** Price of the right tick, or close of the right candle; NaN without a match, like the others. */
  readonly rightPrice: Float64Array;
  readonly rightVolume: Float64Array;
  readonly rightBid: Float64Array;
  readonly rightAsk: Float64Array;
}

export type AsofResult = StreamResult<AsofChunk>;

const VALUES: readonly string[] = ['r_ts', 'r_price', 'r_volume', 'r_bid', 'r_ask'];
const ATTEMPTS = 3;

/** See `MarketDataQuery.asofJoin`. */
export async function queryAsof(context: QueryContext, request: AsofRequest): Promise<AsofResult> {
  const onGap = oneOf('onGap', request.onGap ?? 'error', ['error', 'report']);
  oneOf('direction', request.direction ?? 'backward', ['backward', 'forward', 'nearest']);
  if (request.symbol === undefined && request.symbols === undefined)
    throw new QueryError('BAD_REQUEST', 'An as-of join needs symbols by name');
  const span = spanOf(request.from, request.to);
  const reach = reachOf(context.calendarOf(request.exchange), span, request);
  let sides: AsofSides | undefined;
  for (let attempt = 0; attempt < ATTEMPTS && !sides; attempt++)
    sides = await openSides(context, { ...request, onGap }, span, reach);
  if (!sides)
    throw new QueryError(
      'SNAPSHOT_MOVED',
      `The manifest changed during each of ${ATTEMPTS} attempts to join ${request.exchange}`,
    );
  const { facts, snapshot, lefts, right } = sides;
  const statements = lefts.map((left) => statementOf(request, left, right));
  return sqlResult({
    facts,
    snapshot,
    statements,
    signal: request.signal,
    toChunk,
    release: sides,
  });
}

/** Where right rows are looked for. */
function reachOf(calendar: SessionCalendar, span: Span, request: AsofRequest): Span {
  const { toleranceNs: tolerance, direction = 'backward' } = request;
  if (tolerance !== undefined && (typeof tolerance !== 'bigint' || tolerance < 0n))
    throw new QueryError('BAD_REQUEST', `toleranceNs is ${tolerance}, expected a bigint from 0 on`);
  const from =
    direction === 'forward'
      ? span.from
      : tolerance === undefined
        ? sessionOpeningBefore(calendar, span.from).windowFrom
        : span.from - tolerance;
  const to =
    direction === 'backward'
      ? span.to
      : tolerance === undefined
        ? sessionOpeningFrom(calendar, span.to).windowTo
        : span.to + tolerance + 1n;
  return { from: minOf(from, span.from), to: maxOf(to, span.to) };
}

function statementOf(request: AsofRequest, left: string, right: string): string {
  const { direction = 'backward', allowExact = true, toleranceNs: tolerance } = request;
  const joined = asofSql({ left, right, values: VALUES, direction, allowExact, tolerance });
  return `SELECT at_ns, code, idx, seq, price, volume, (right_at IS NOT NULL)::INTEGER AS matched, coalesce(r_ts, 0) AS r_ts, r_price, r_volume, r_bid, r_ask
FROM (${joined}) ORDER BY at_ns, code, seq, idx`;
}

function toChunk(chunk: ColumnChunk): AsofChunk {
  const [ts, code, index, seq] = chunk.columns as readonly [
    BigInt64Array,
    Int32Array,
    Int32Array,
    BigInt64Array,
  ];
  return {
    rows: chunk.rows,
    ts,
    code,
    index,
    seq,
    price: doubles(chunk, 4),
    volume: doubles(chunk, 5),
    matched: Uint8Array.from(chunk.columns[6] as Int32Array),
    rightTs: chunk.columns[7] as BigInt64Array,
    rightPrice: doubles(chunk, 8),
    rightVolume: doubles(chunk, 9),
    rightBid: doubles(chunk, 10),
    rightAsk: doubles(chunk, 11),
  };
}
