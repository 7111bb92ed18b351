/** Why a row is in quarantine. */
export type Reason =
  | 'key_missing'
  | 'key_invalid'
  | 'key_conflict'
  | 'exchange_unknown'
  | 'target_conflict'
  | 'time_missing'
  | 'time_invalid'
  | 'time_infinite'
  | 'time_out_of_range'
  | 'time_implausible'
  | 'time_off_minute'
  | 'clock_unclear'
  | 'no_session'
  | 'session_open'
  | 'timeframe_unknown'
  | 'timeframe_not_1m'
  | 'price_missing'
  | 'price_not_a_number'
  | 'price_not_exact'
  | 'price_not_finite'
  | 'price_not_positive'
  | 'price_inconsistent'
  | 'volume_missing'
  | 'volume_not_a_number'
  | 'volume_not_exact'
  | 'volume_not_finite'
  | 'volume_negative'
  | 'side_unknown'
  | 'quantity_missing'
  | 'quantity_not_positive'
  | 'amount_not_exact'
  | 'status_unknown'
  | 'not_filled'
  | 'trade_open'
  | 'user_unknown'
  | 'position_not_explained'
  | 'value_missing'
  | 'value_not_a_number';

/** What was found, for each reason; the row itself stands beside it. */
export const REASONS: Readonly<Record<Reason, string>> = {
  key_missing: 'the key is NULL or empty',
  key_invalid: 'the key has control characters, outer spaces, or more than 256 bytes',
  key_conflict: 'an earlier row has the same key and other values',
  exchange_unknown: 'no exchange follows from the key; state one with --map-exchange',
  target_conflict: 'the data root holds other values under the same key',
  time_missing: 'a time that the row cannot do without is NULL or empty',
  time_invalid: 'a time is not readable as one',
  time_infinite: 'a time is infinite',
  time_out_of_range: 'a time lies outside 1678-01-01 to 2262-04-11',
  time_implausible: 'a time lies before 1990: a missing one that became zero',
  time_off_minute: 'the start of a candle is not on the minute',
  clock_unclear: 'the time fits UTC and India alike, or neither; state the clock with --clock',
  no_session: 'the exchange has no session on the trading date',
  session_open:
    'the session was not over; run the migration again after its close (a time in the future may be wrong)',
  timeframe_unknown: 'the timeframe is not a number of minutes, hours or days',
  timeframe_not_1m: 'candles of another width in a table of 1m candles',
  price_missing: 'a price is NULL',
  price_not_a_number: 'a price is not readable as a number',
  price_not_exact: 'a price would change on the way',
  price_not_finite: 'a price is NaN or infinite',
  price_not_positive: 'a price is zero or negative',
  price_inconsistent: 'open or close lies outside low to high',
  volume_missing: 'the volume is NULL',
  volume_not_a_number: 'the volume is not readable as a number',
  volume_not_exact: 'the volume would change on the way',
  volume_not_finite: 'the volume is NaN or infinite',
  volume_negative: 'the volume is negative',
  side_unknown: 'the side is neither buy nor sell, long nor short',
  quantity_missing: 'the quantity is NULL or not a number',
  quantity_not_positive: 'the quantity is zero or negative',
  amount_not_exact: 'an amount of money is not a decimal of at most 38 digits',
  status_unknown: 'the status says neither filled nor open',
  not_filled: 'the status says that the order was not filled',
  trade_open: 'a round trip of a backtest has no exit',
  user_unknown: 'the user is not in the table of users',
  position_not_explained: 'the fills of the symbol give another position',
  value_missing: 'a value that the row cannot do without is NULL or empty',
  value_not_a_number: 'a value that must be a number is not',
};

/** Whether a text names a reason. */
export function isReason(text: string): text is Reason {
  return Object.hasOwn(REASONS, text);
}
