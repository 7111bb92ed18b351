/** One trading day of one exchange. Times are ns since 1970 UTC, ranges half-open. */
export interface Session {
  readonly exchange: string;
  /** `YYYY-MM-DD` in the exchange's calendar, not the UTC date. */
  readonly tradingDate: string;
  /** Regular session `[open, close)`: what is EXPECTED, and the origin of every candle of the date. */
  readonly open: bigint;
  readonly close: bigint;
  /** Pauses inside `[open, close)`, ascending; nothing is expected in them. Most sessions have none. */
  readonly breaks: readonly SessionBreak[];
  /**
   * What is ACCEPTED, `[windowFrom, windowTo)`: holds the session, pre-market, closing sessions and late prints.
   * Windows of different trading dates never overlap, so a time has at most one trading date.
   */
  readonly windowFrom: bigint;
  readonly windowTo: bigint;
  /** `half`: part of the usual hours. `special`: hours of its own, such as Muhurat trading, or on a weekend. */
  readonly kind: 'regular' | 'half' | 'special';
  /** `unknown`: the holidays of the year are not all known, so the weekly pattern is most of what it says. */
  readonly certainty: 'known' | 'unknown';
}

/** A pause of a session, `[from, to)`, ns UTC. */
export interface SessionBreak {
  readonly from: bigint;
  readonly to: bigint;
}

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
