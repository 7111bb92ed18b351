export { BUILT_IN_EXCHANGES } from './built-in.ts';
export { parseCalendarFile } from './calendar-file.ts';
export { calendarOf } from './calendar-of.ts';
export {
  CalendarError,
  type CalendarErrorCode,
  type CalendarErrorEntry,
  calendarErrors,
  isCalendarError,
} from './errors.ts';
export type {
  CalendarOverrides,
  HourRange,
  NamedHours,
  SessionHours,
  Weekday,
} from './overrides.ts';
export type { Session, SessionBreak } from './session.ts';
export type { SessionCalendar } from './session-calendar.ts';
export { utcToWallTime, type WallTime, wallTimeToUtc } from './wall-time.ts';
