import type { Session, SessionCalendar } from '@tb/calendar';
import type { Candle } from '@tb/schema';

export const MINUTE = 60_000_000_000n;

export function session(calendar: SessionCalendar, date: string): Session {
  const found = calendar.sessionOf(date);
  if (!found) throw new Error(`No session on ${date}`);
  return found;
}

/** A candle whose values say which it is: open `value`, high +2, low -2, close +1, volume 10. */
export function candle(symbol: string, ts: bigint, value: number, volume = 10): Candle {
  return { symbol, ts, open: value, high: value + 2, low: value - 2, close: value + 1, volume };
}

/** `count` candles of consecutive minutes from the open on, values 100, 101, ... */
export function minutes(
  calendar: SessionCalendar,
  symbol: string,
  date: string,
  count: number,
  first = 100,
): Candle[] {
  const { open } = session(calendar, date);
  return Array.from({ length: count }, (_, i) =>
    candle(symbol, open + BigInt(i) * MINUTE, first + i),
  );
}

export async function collect<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}
