/** A pause of a session, `[from, to)`, ns UTC. */
export interface SessionBreak {
  readonly from: bigint;
  readonly to: bigint;
}

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
