/**
 * A range of wall-clock minutes, counted from the midnight that begins the trading date: -360 is 18:00 of the day
 * before, 1530 is 01:30 of the day after. Half-open.
 */
export interface MinuteRange {
  readonly from: number;
  readonly to: number;
}

/** Regular hours of a session, with the pauses inside it, ascending. */
export interface SessionMinutes extends MinuteRange {
  readonly breaks?: readonly MinuteRange[];
}

/** What departs from the weekly pattern on one date. */
export type DayRule =
  | { readonly kind: 'holiday'; readonly name: string }
  | { readonly kind: 'half' | 'special'; readonly name: string; readonly hours: SessionMinutes };

/** Everything that makes one calendar. All of it is data, but for hours that follow another country's clock. */
export interface ExchangeRules {
  readonly timeZone: string;
  /** Accepted range of every trading date; at most a day wide, so that windows of two dates never overlap. */
  readonly window: MinuteRange;
  /** Regular session of a day (days since 1970) by weekday and era; undefined on a weekend. */
  usualHours(day: number): SessionMinutes | undefined;
  /** Holidays, half days and special sessions; asked before `usualHours`. */
  ruleOf(date: string): DayRule | undefined;
  /** Whether holidays of the year are complete. */
  knowsYear(year: number): boolean;
}
