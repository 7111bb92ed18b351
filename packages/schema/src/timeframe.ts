import { SchemaError } from './errors.ts';

/** Timeframes that have day files of their own. Every other one is resampled. */
export type StoredTimeframe = '1m' | '5m' | '15m' | '1h' | '1d';

/** In ascending width. `1m` is the one that the others are derived from. */
export const STORED_TIMEFRAMES: readonly StoredTimeframe[] = ['1m', '5m', '15m', '1h', '1d'];

export interface Timeframe {
  /** Canonical text: `90m`, `1h`, `2d`. 60 minutes are written `1h`. */
  readonly text: string;
  readonly unit: 'minute' | 'day';
  /** Minutes or days. */
  readonly count: number;
}

const MINUTE_NS = 60_000_000_000n;
const FORM = /^([1-9]\d{0,4})(m|h|d)$/;
const RULE =
  'a timeframe is a whole number of minutes (m), hours (h) or days (d), at most 1440m or 366d, e.g. 5m, 1h, 1d';

/**
 * @param text e.g. `7m`, `60m`, `4h`, `1d`.
 * @throws `BAD_NAME` for anything that is not a whole number of minutes (at most a day) or days (at most 366).
 */
export function parseTimeframe(text: unknown): Timeframe {
  const parts = typeof text === 'string' ? FORM.exec(text) : null;
  if (!parts)
    throw new SchemaError('BAD_NAME', `Timeframe ${JSON.stringify(text)} is not valid: ${RULE}`, {
      hint: RULE,
    });
  const count = Number(parts[1]) * (parts[2] === 'h' ? 60 : 1);
  const unit = parts[2] === 'd' ? 'day' : 'minute';
  if (count > (unit === 'day' ? 366 : 1440))
    throw new SchemaError('BAD_NAME', `Timeframe ${text} is too wide: ${RULE}`, { hint: RULE });
  if (unit === 'day') return { text: `${count}d`, unit, count };
  return { text: count % 60 === 0 ? `${count / 60}h` : `${count}m`, unit, count };
}

export function isStoredTimeframe(text: string): text is StoredTimeframe {
  return (STORED_TIMEFRAMES as readonly string[]).includes(text);
}

/** Width in ns of a timeframe in minutes; undefined for days, whose width is that of their session. */
export function timeframeNs(timeframe: Timeframe): bigint | undefined {
  return timeframe.unit === 'minute' ? BigInt(timeframe.count) * MINUTE_NS : undefined;
}
