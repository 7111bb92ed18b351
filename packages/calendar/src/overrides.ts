/** Wall-clock range at the exchange. */
export interface HourRange {
  /** `HH:MM`. */
  readonly open: string;
  /** `HH:MM`; `24:00` is the end of the day. */
  readonly close: string;
  /** Day of the opening, counted from the trading date: -1 for a session that opens the evening before. Default 0. */
  readonly openDay?: number | undefined;
  /** Day of the close, counted from the trading date. Default 0. */
  readonly closeDay?: number | undefined;
}

/** Hours of a session, with the pauses inside it. */
export interface SessionHours extends HourRange {
  /** Ascending, inside the session, e.g. a lunch break. */
  readonly breaks?: readonly HourRange[] | undefined;
}

/** Hours of one date, with the reason. */
export interface NamedHours extends SessionHours {
  readonly name?: string | undefined;
}

export type Weekday = 'sun' | 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat';

/**
 * What a user adds to a calendar: the contents of `calendars/<exchange>.json` in the data root.
 * A date stands in one of the three lists at most, and replaces what is built in for it.
 */
export interface CalendarOverrides {
  /** For an exchange that is not built in: take the rules of one that is, e.g. `24x7` or `xnas`. */
  readonly like?: string | undefined;
  /** IANA name. Without it that of the built-in calendar. */
  readonly timeZone?: string | undefined;
  /** Replaces the weekly pattern; a weekday left out has no session. */
  readonly week?: Readonly<Partial<Record<Weekday, SessionHours>>> | undefined;
  /** Accepted range of a trading date, at most a day wide. Without it that of the built-in calendar, or the local day. */
  readonly window?: HourRange | undefined;
  /** Date to name. */
  readonly holidays?: Readonly<Record<string, string>> | undefined;
  readonly halfDays?: Readonly<Record<string, NamedHours>> | undefined;
  readonly specialSessions?: Readonly<Record<string, NamedHours>> | undefined;
  /** Years whose holidays are complete once these overrides are applied, or `all`. */
  readonly knownYears?: readonly number[] | 'all' | undefined;
}
