export type CalendarErrorCode =
  | 'CALENDAR_MISSING'
  | 'CALENDAR_FILE_INVALID'
  | 'BAD_TRADING_DATE'
  | 'BAD_WALL_TIME'
  | 'BAD_TIMEFRAME'
  | 'NO_SESSION';

/** One row of docs/errors.md, of the shape of `ErrorEntry` in `@tb/schema`; restated, this package imports nothing. */
export interface CalendarErrorEntry {
  readonly exit: 1 | 2 | 3 | 4 | 75;
  readonly cause: string;
  readonly action: string;
}

export const calendarErrors: Readonly<Record<CalendarErrorCode, CalendarErrorEntry>> = {
  CALENDAR_MISSING: {
    exit: 2,
    cause: 'No calendar is built in for the exchange, and the data root has none.',
    action: 'Write calendars/<exchange>.json in the data root, with timeZone and week, or like.',
  },
  CALENDAR_FILE_INVALID: {
    exit: 2,
    cause: 'A file in calendars/ is not JSON, or breaks a rule; the message names the entry.',
    action: 'Correct the entry that the message names.',
  },
  BAD_TRADING_DATE: {
    exit: 2,
    cause: 'A trading date is not a real day YYYY-MM-DD, or lies outside 1678 to 2261.',
    action: 'Correct the date.',
  },
  BAD_WALL_TIME: {
    exit: 2,
    cause: 'A wall-clock time or a time zone is not of its form.',
    action: 'Write times as HH:MM or HH:MM:SS, and time zones as in the IANA database.',
  },
  BAD_TIMEFRAME: {
    exit: 2,
    cause: 'A timeframe is not a number of minutes or hours up to a day, or 1d.',
    action: 'Use e.g. 1m, 5m, 15m, 1h or 1d.',
  },
  NO_SESSION: {
    exit: 3,
    cause:
      'A time or date that must lie in a session lies in none: weekend, holiday, or a clock error.',
    action:
      'Check the clock of the data; add a special session to calendars/<exchange>.json if there was one.',
  },
};

/** Everything `@tb/calendar` throws. Codes: docs/errors.md. */
export class CalendarError extends Error {
  override readonly name: string = 'CalendarError';
  readonly code: CalendarErrorCode;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(
    code: CalendarErrorCode,
    message: string,
    detail: { hint?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint ?? calendarErrors[code].action;
    this.retryable = detail.retryable ?? false;
  }
}

/** By name and code, so that an error from another installed copy is recognised. */
export function isCalendarError(error: unknown, code?: CalendarErrorCode): error is CalendarError {
  const candidate = error as { name?: unknown; code?: unknown } | null | undefined;
  if (typeof candidate !== 'object' || candidate === null) return false;
  return candidate.name === 'CalendarError' && (code === undefined || candidate.code === code);
}
