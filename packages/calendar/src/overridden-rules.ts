import { dayOfDate, weekdayOf } from './civil-date.ts';
import { CalendarError } from './errors.ts';
import type { DayRule, ExchangeRules, MinuteRange, SessionMinutes } from './exchange-rules.ts';
import type {
  CalendarOverrides,
  HourRange,
  NamedHours,
  SessionHours,
  Weekday,
} from './overrides.ts';
import { minuteOfTime } from './wall-time.ts';
import { zoneOffset } from './zone-offset.ts';

const DAY_MINUTES = 24 * 60;
/** In the order of `WeekdayNumber`. */
const WEEKDAYS: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/**
 * Rules of an exchange with a user's overrides on top.
 * @param base Built-in rules; undefined for an exchange that only the overrides describe.
 * @throws `CALENDAR_FILE_INVALID` naming the entry that breaks a rule
 */
export function overriddenRules(
  base: ExchangeRules | undefined,
  overrides: CalendarOverrides,
): ExchangeRules {
  const timeZone = overrides.timeZone ?? base?.timeZone;
  if (timeZone === undefined || (!overrides.week && !base))
    throw invalid('timeZone and week', 'are both needed for an exchange that is not built in');
  checkTimeZone(timeZone);
  const window = overrides.window
    ? windowRange(overrides.window)
    : (base?.window ?? { from: 0, to: DAY_MINUTES });
  if (base && (window.from > base.window.from || window.to < base.window.to))
    throw invalid('window', 'is narrower than the built-in one, whose sessions would not fit');
  const week = overrides.week && weekRanges(overrides.week, window);
  const days = dayRules(overrides, window);
  const knownYears = overrides.knownYears ?? [];
  return {
    timeZone,
    window,
    usualHours: (day) => (week ? week[weekdayOf(day)] : base?.usualHours(day)),
    ruleOf: (date) => days.get(date) ?? base?.ruleOf(date),
    knowsYear: (year) =>
      knownYears === 'all' || knownYears.includes(year) || (base?.knowsYear(year) ?? false),
  };
}

function weekRanges(
  week: NonNullable<CalendarOverrides['week']>,
  window: MinuteRange,
): (SessionMinutes | undefined)[] {
  const unknown = Object.keys(week).find((key) => !(WEEKDAYS as readonly string[]).includes(key));
  if (unknown !== undefined)
    throw invalid(`week.${unknown}`, `is not one of ${WEEKDAYS.join(' ')}`);
  const ranges = WEEKDAYS.map((weekday) => {
    const hours = week[weekday];
    return hours && sessionRange(`week.${weekday}`, hours, window);
  });
  if (!ranges.some(Boolean)) throw invalid('week', 'has no session on any weekday');
  return ranges;
}

function dayRules(overrides: CalendarOverrides, window: MinuteRange): Map<string, DayRule> {
  const rules = new Map<string, DayRule>();
  const add = (list: string, date: string, rule: DayRule): void => {
    checkDate(list, date);
    if (rules.has(date)) throw invalid(`${list}.${date}`, 'stands in another list too');
    rules.set(date, rule);
  };
  for (const [date, name] of Object.entries(overrides.holidays ?? {}))
    add('holidays', date, { kind: 'holiday', name });
  const lists = [
    ['halfDays', 'half', overrides.halfDays],
    ['specialSessions', 'special', overrides.specialSessions],
  ] as const;
  for (const [list, kind, entries] of lists)
    for (const [date, entry] of Object.entries(entries ?? {}))
      add(list, date, namedRule(`${list}.${date}`, kind, entry, window));
  return rules;
}

function namedRule(
  entry: string,
  kind: 'half' | 'special',
  hours: NamedHours,
  window: MinuteRange,
): DayRule {
  return { kind, name: hours.name ?? kind, hours: sessionRange(entry, hours, window) };
}

function sessionRange(entry: string, hours: SessionHours, window: MinuteRange): SessionMinutes {
  const range = minuteRange(entry, hours);
  if (range.from < window.from || range.to > window.to)
    throw invalid(entry, 'lies outside the window of its trading date; widen window');
  let since = range.from;
  const breaks = (hours.breaks ?? []).map((pause, index) => {
    const rest = minuteRange(`${entry}.breaks.${index}`, pause);
    if (rest.from <= since || rest.to >= range.to)
      throw invalid(
        `${entry}.breaks.${index}`,
        'does not lie inside the session, after the break before it',
      );
    since = rest.to;
    return rest;
  });
  return { ...range, breaks };
}

function windowRange(hours: HourRange): MinuteRange {
  const range = minuteRange('window', hours);
  if (range.to - range.from > DAY_MINUTES)
    throw invalid('window', 'is wider than a day, so that windows of two dates would overlap');
  return range;
}

function minuteRange(entry: string, hours: HourRange): MinuteRange {
  const range = {
    from: minute(`${entry}.open`, hours.open) + dayShift(`${entry}.openDay`, hours.openDay),
    to: minute(`${entry}.close`, hours.close) + dayShift(`${entry}.closeDay`, hours.closeDay),
  };
  if (range.from >= range.to)
    throw invalid(entry, 'closes before it opens; see openDay and closeDay');
  return range;
}

function minute(entry: string, time: string): number {
  try {
    return minuteOfTime(time);
  } catch (cause) {
    throw invalid(entry, 'is not HH:MM', cause);
  }
}

function dayShift(entry: string, days: number | undefined): number {
  if (days === undefined) return 0;
  if (days !== -1 && days !== 0 && days !== 1) throw invalid(entry, 'is not -1, 0 or 1');
  return days * DAY_MINUTES;
}

function checkTimeZone(timeZone: string): void {
  try {
    zoneOffset(timeZone);
  } catch (cause) {
    throw invalid('timeZone', 'is not a name of the IANA database', cause);
  }
}

function checkDate(list: string, date: string): void {
  try {
    dayOfDate(date);
  } catch (cause) {
    throw invalid(`${list}.${date.slice(0, 40)}`, 'is not a real day YYYY-MM-DD', cause);
  }
}

/** @param entry Path of the entry in the file. */
export function invalid(entry: string, rule: string, cause?: unknown): CalendarError {
  return new CalendarError('CALENDAR_FILE_INVALID', `Calendar entry ${entry} ${rule}`, { cause });
}
