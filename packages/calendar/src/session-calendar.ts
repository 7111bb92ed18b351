import type { Session } from './session.ts';

/** Sessions of one exchange. Pure: reads no clock and no file; equal arguments give equal answers. */
export interface SessionCalendar {
  readonly exchange: string;
  /** IANA name, e.g. `Asia/Kolkata`. */
  readonly timeZone: string;
  /**
   * Trading date whose window contains the time; undefined when none does (weekend, holiday, outside the window).
   * Consecutive calls inside one window cost two comparisons.
   * @param ts ns UTC.
   */
  tradingDateOf(ts: bigint): string | undefined;
  /** Date that a wall clock at the exchange shows, session or not. @param ts ns UTC. */
  localDateOf(ts: bigint): string;
  /** undefined when the date has no session. @throws `BAD_TRADING_DATE` */
  sessionOf(tradingDate: string): Session | undefined;
  /** @throws `BAD_TRADING_DATE` */
  isSession(tradingDate: string): boolean;
  /** Whether the calendar knows all holidays and special sessions of the year of the date. @throws `BAD_TRADING_DATE` */
  knows(tradingDate: string): boolean;
  /**
   * Why the date departs from the weekly pattern: `Good Friday`, `Muhurat`; undefined when it does not.
   * @throws `BAD_TRADING_DATE`
   */
  reasonOf(tradingDate: string): string | undefined;
  /** Last session strictly before the date. @throws `BAD_TRADING_DATE`, `NO_SESSION` when there is none */
  previousSession(tradingDate: string): Session;
  /** First session strictly after the date. @throws `BAD_TRADING_DATE`, `NO_SESSION` when there is none */
  nextSession(tradingDate: string): Session;
  /** Sessions with `from <= trading date < to`, ascending. @throws `BAD_TRADING_DATE` */
  sessionsBetween(from: string, to: string): Session[];
  /** Sessions whose window meets `[fromNs, toNs)`, ascending. Empty when the range is. */
  sessionsOverlapping(fromNs: bigint, toNs: bigint): Session[];
  /**
   * STARTs of the candles that the regular session holds, counted from the open; the last candle may be short, and
   * those that lie whole in a break are left out.
   * One for `1d`; none for a date without a session.
   * @param timeframe Minutes or hours up to a day, or `1d`. @throws `BAD_TRADING_DATE`, `BAD_TIMEFRAME`
   */
  expectedCandles(tradingDate: string, timeframe: string): BigInt64Array;
  /**
   * START of the candle that holds `ts`: counted from the regular open in both directions, `1d` is the open itself.
   * The first candle of a window begins with the window, so a candle and its ticks have one trading date.
   * @param ts ns UTC. @throws `NO_SESSION` when `ts` lies in no window, `BAD_TIMEFRAME`
   */
  candleStart(ts: bigint, timeframe: string): bigint;
}
