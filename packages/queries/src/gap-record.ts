/**
 * Something expected that is not there.
 * - `session`: a whole session between others without data.
 * - `feed`: no feed was connected, and no candle (for ticks: whatever there is cannot be complete).
 * - `before_data`, `after_data`: the range has sessions before the first, or after the last, that has data.
 */
export interface Gap {
  readonly kind: 'session' | 'feed' | 'before_data' | 'after_data';
  /** First trading date concerned. */
  readonly tradingDate: string;
  /** Half-open, ns UTC. */
  readonly from: bigint;
  readonly to: bigint;
  /** Only on `feed` gaps of candles of named symbols; otherwise the whole exchange is concerned. */
  readonly symbol?: string | undefined;
  /** `unknown`: the calendar lacks the holidays of the year, so the date may be one. Never an error, never filled. */
  readonly certainty: 'known' | 'unknown';
}
