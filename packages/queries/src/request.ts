/** ns since 1970 UTC, or a Date (whole ms). */
export type TimeInput = bigint | Date;

/**
 * What a query does about a gap: a whole session between others without data, or an expected minute without a candle
 * while no feed was connected. A minute without a candle while a feed was connected, or in imported history, whose
 * coverage is unknown, is *no trade*: never a gap.
 *
 * - `error` (default): `GAP` is thrown before the first row.
 * - `report`: no row is made up; `result.gaps` says what is missing.
 * - `null`: a row for every candle that the calendar expects; prices NaN and `filled` 1 where there was none.
 * - `fill`: the same from the first candle of a symbol on, with its last close, volume 0 and `filled` 1.
 */
export type OnGap = 'error' | 'report' | 'null' | 'fill';

/** `splits`: prices and volumes in today's shares. `all`: dividends as well, prices only. */
export type Adjust = 'none' | 'splits' | 'all';

/** Refuse (`STALE`) live data whose heartbeat or last tick is older, while a session runs that the range reaches into. */
export interface Freshness {
  readonly maxAgeMs: number;
}

/** What every query about market data is asked with. */
export interface SymbolScope {
  readonly exchange: string;
  /** One symbol; or `symbols`, not both. Neither: every symbol of the exchange that has rows. */
  readonly symbol?: string | undefined;
  readonly symbols?: readonly string[] | undefined;
  /** A symbol that the exchange never had: `error` (default) throws `UNKNOWN_SYMBOL`, `empty` gives it no rows. */
  readonly onUnknownSymbol?: 'error' | 'empty' | undefined;
  readonly requireFresh?: Freshness | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RangeRequest extends SymbolScope {
  /** Half-open `[from, to)`; `to` may lie in the future. */
  readonly from: TimeInput;
  readonly to: TimeInput;
  /** Only what was published, and what actions and renames were known, at that time. Excludes live rows. */
  readonly asOf?: TimeInput | undefined;
  /** Default `none`: as recorded. */
  readonly adjust?: Adjust | undefined;
  /**
   * `follow`: a symbol means the instrument that holds it on `symbolDate`; before a rename its rows are read under the
   * old symbol. `ignore`: rows as they are labelled. Default: `follow` when adjusting, else `ignore`.
   */
  readonly symbolChanges?: 'follow' | 'ignore' | undefined;
  /** Trading date at which the symbols are meant. Default: the last date of the range. */
  readonly symbolDate?: string | undefined;
  /** Also treat sessions of the range before the first or after the last data as gaps. Default false: only reported. */
  readonly requireFullRange?: boolean | undefined;
}

export interface CandleRequest extends RangeRequest {
  /** Any whole number of minutes up to a day, or of days: `1m 7m 15m 4h 1d 7d`. */
  readonly timeframe: string;
  readonly onGap?: OnGap | undefined;
  /** Leave out candles whose end is after now, such as the one that forms. Default false. */
  readonly closedOnly?: boolean | undefined;
}

export interface TickRequest extends RangeRequest {
  /** Ticks have no grid to fill: `error` (default) or `report`. */
  readonly onGap?: 'error' | 'report' | undefined;
}

/** The newest `count` per symbol, looking back as far as the data go. */
export interface LastRequest extends SymbolScope {
  readonly count: number;
  /** Only rows before this time. Default: everything there is. */
  readonly before?: TimeInput | undefined;
  readonly adjust?: Adjust | undefined;
  readonly symbolChanges?: 'follow' | 'ignore' | undefined;
  /** Default `report`. */
  readonly onGap?: 'error' | 'report' | undefined;
}

export interface LastCandlesRequest extends LastRequest {
  readonly timeframe: string;
  readonly closedOnly?: boolean | undefined;
}
