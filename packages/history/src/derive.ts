import type { Session } from '@tb/calendar';
import { type Kind, parseTimeframe, type StoredTimeframe, timeframeNs } from '@tb/schema';

/** What to derive candles from. */
export interface DeriveRequest {
  /** A relation with the columns of `data`, all rows of one trading date. */
  readonly from: string;
  /** Its kind: ticks, or candles of 1m. */
  readonly kind: Kind;
  readonly timeframe: StoredTimeframe;
  readonly session: Pick<Session, 'open' | 'windowFrom'>;
}

/**
 * START of the candle that holds `ts`, ns, as SQL: counted from the session open in both directions, by integer
 * arithmetic (time_bucket drifts for widths that do not divide a day, and cuts ns to us). The first candle of a window
 * begins with the window. The whole date is one `1d` candle.
 */
export function candleStartSql(
  timeframe: StoredTimeframe,
  session: Pick<Session, 'open' | 'windowFrom'>,
): string {
  const width = timeframeNs(parseTimeframe(timeframe));
  if (width === undefined) return `${session.open}::BIGINT`;
  const ns = 'epoch_ns(ts)';
  const offset = `((${ns} - ${session.open}) % ${width} + ${width}) % ${width}`;
  return `greatest(${ns} - ${offset}, ${session.windowFrom})`;
}

/**
 * A SELECT that makes the candles of one trading date, columns as in `data`, unsorted.
 *
 * Open and close are the first and last by (ts, seq). Volumes are added in that order, so that a sum of fractions is the
 * same in every run and on every number of threads.
 */
export function deriveCandlesSql(request: DeriveRequest): string {
  const { kind, from, timeframe, session } = request;
  const start = candleStartSql(timeframe, session);
  const ticks = kind === 'ticks';
  // One integer key instead of the pair (ts, seq): arg_min over a pair is 1.5 times slower. seq is not negative.
  const order = ticks ? 'epoch_ns(ts)::HUGEINT * 9223372036854775808 + seq' : 'epoch_ns(ts)';
  return `SELECT sid, make_timestamp_ns(start) AS ts,
  arg_min(${ticks ? 'price' : 'open'}, ord) AS open, max(${ticks ? 'price' : 'high'}) AS high,
  min(${ticks ? 'price' : 'low'}) AS low, arg_max(${ticks ? 'price' : 'close'}, ord) AS close,
  sum(volume ORDER BY ord) AS volume
FROM (SELECT *, ${start} AS start, ${order} AS ord FROM ${from}) AS source
GROUP BY sid, start`;
}

/**
 * The same candles by other means: ordered first and last in place of a packed key. What the gate compares with.
 */
export function rederiveCandlesSql(request: DeriveRequest): string {
  const { kind, from, timeframe, session } = request;
  const start = candleStartSql(timeframe, session);
  const [open, high, low, close, order] =
    kind === 'ticks'
      ? ['price', 'price', 'price', 'price', 'ts, seq']
      : ['open', 'high', 'low', 'close', 'ts'];
  return `SELECT sid, make_timestamp_ns(${start}) AS ts,
  first(${open} ORDER BY ${order}) AS open, max(${high}) AS high, min(${low}) AS low,
  last(${close} ORDER BY ${order}) AS close, sum(volume ORDER BY ${order}) AS volume
FROM ${from} GROUP BY ALL`;
}
