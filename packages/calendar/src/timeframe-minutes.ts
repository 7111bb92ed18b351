import { CalendarError } from './errors.ts';

/** Valid timeframes only, so at most some 1500 entries. Ticks ask for the same one over and over. */
const seen = new Map<string, number | 'session'>();
const FORM = /^([1-9]\d{0,3})([mhd])$/;

/**
 * Width of a timeframe in minutes, or 'session' for `1d`, which is as wide as its session.
 * @throws `BAD_TIMEFRAME` unless it is minutes or hours up to a day, or `1d`
 */
export function timeframeMinutes(timeframe: string): number | 'session' {
  let width = seen.get(timeframe);
  if (width === undefined) {
    width = parse(timeframe);
    seen.set(timeframe, width);
  }
  return width;
}

function parse(timeframe: string): number | 'session' {
  const parts = typeof timeframe === 'string' ? FORM.exec(timeframe) : null;
  const count = Number(parts?.[1]);
  const unit = parts?.[2];
  if (unit === 'd' && count === 1) return 'session';
  const minutes = unit === 'h' ? count * 60 : count;
  if (!parts || unit === 'd' || minutes > 1440)
    throw new CalendarError(
      'BAD_TIMEFRAME',
      `Timeframe ${typeof timeframe === 'string' ? JSON.stringify(timeframe.slice(0, 40)) : typeof timeframe} is not minutes (m) or hours (h) up to a day, or 1d`,
    );
  return minutes;
}
