/** Why a row was not stored. The caller keeps such rows in quarantine; the writer counts them. */
export type RejectReason =
  | 'bad_symbol' // not a symbol of @tb/schema
  | 'bad_price' // NaN, infinite, zero (feeds send 0 for "no price yet") or negative: the gates of a rollover would refuse the day
  | 'bad_volume' // NaN, infinite or below 0. Zero is accepted: indices and quotes have none
  | 'bad_quote' // an infinite bid or ask; NaN means that the feed gave none
  | 'bad_candle' // low above open, close or high; or high below open or close
  | 'misaligned' // a supplied candle that does not start at a minute of its session
  | 'no_session' // the exchange does not trade on that date
  | 'outside_window' // outside the accepted hours of its trading date
  | 'other_origin' // ticks for a symbol and date whose candles are supplied, or the reverse
  | 'day_frozen'; // a supplied candle of a date whose rollover has begun

export interface RejectedRow {
  /** Index in the batch that was appended. */
  readonly row: number;
  readonly reason: RejectReason;
}

/** The promise of `append` after COMMIT returned. */
export interface Ack {
  /**
   * Of the ticks stored; undefined when none was, and for candles. The seqs of a batch follow each other when all rows
   * are of one trading date; otherwise rows of other batches may lie between.
   */
  readonly firstSeq: bigint | undefined;
  readonly lastSeq: bigint | undefined;
  /** Rows stored, `late` ones included. */
  readonly rows: number;
  /** Rows dropped because their source delivered them before. */
  readonly duplicates: number;
  readonly rejected: readonly RejectedRow[];
  /** Rows of a date whose rollover has begun: durable, set aside until the rollover takes them in. */
  readonly late: number;
  /** The fencing number of the writer that stored the rows. */
  readonly epoch: number;
}

/** What one call of `append` may say about its rows. */
export interface AppendOptions {
  /** The trading date of all rows; each ts must lie in its window. Without it the calendar decides by ts. */
  readonly tradingDate?: string | undefined;
  /**
   * Rows that fill an old gap: written after what is live, so that they never delay it. Rows with a `sourceSeq` stay in the
   * order of their source: while its backfill waits, what it sends after that waits behind it. Give backfill a source of
   * its own.
   */
  readonly backfill?: boolean | undefined;
}
