import { dateOfDay, dayOfDate, weekdayOf } from './civil-date.ts';
import type { DayRule, MinuteRange } from './exchange-rules.ts';

/**
 * Days on which the US stock exchanges close, or close early. The rules are those of NYSE Rule 7.2 and its published
 * calendars; Nasdaq follows the same days. Single closures are listed with their reason. Interruptions and openings
 * delayed by minutes are not days of a calendar and are left out.
 * Source: nyse.com/markets/hours-calendars, and the list of special closings that NYSE published.
 */
export const US_FIRST_YEAR = 1998;
export const US_LAST_YEAR = 2030;

const EARLY_CLOSE: MinuteRange = { from: 9 * 60 + 30, to: 13 * 60 };

/** The one opening delayed by hours since 1998. */
const LATE_OPENING = '2002-09-11';
const FROM_NOON: MinuteRange = { from: 12 * 60, to: 16 * 60 };

const CLOSURES: readonly (readonly [date: string, name: string])[] = [
  ['2001-09-11', 'Attacks of September 11'],
  ['2001-09-12', 'Attacks of September 11'],
  ['2001-09-13', 'Attacks of September 11'],
  ['2001-09-14', 'Attacks of September 11'],
  ['2004-06-11', 'Mourning for President Reagan'],
  ['2007-01-02', 'Mourning for President Ford'],
  ['2012-10-29', 'Hurricane Sandy'],
  ['2012-10-30', 'Hurricane Sandy'],
  ['2018-12-05', 'Mourning for President Bush'],
  ['2025-01-09', 'Mourning for President Carter'],
];

/** Rules of all days of 1998 to 2030 that are not usual. */
export function usDayRules(): ReadonlyMap<string, DayRule> {
  const rules = new Map<string, DayRule>();
  for (let year = US_FIRST_YEAR; year <= US_LAST_YEAR; year++) {
    for (const [day, name] of earlyClosesOf(year))
      rules.set(dateOfDay(day), { kind: 'half', name, hours: EARLY_CLOSE });
    for (const [day, name] of holidaysOf(year))
      rules.set(dateOfDay(day), { kind: 'holiday', name });
  }
  for (const [date, name] of CLOSURES) rules.set(date, { kind: 'holiday', name });
  rules.set(LATE_OPENING, { kind: 'half', name: 'Anniversary of September 11', hours: FROM_NOON });
  return rules;
}

type NamedDay = readonly [day: number, name: string];

function holidaysOf(year: number): NamedDay[] {
  const days: NamedDay[] = [
    [nthWeekday(year, 1, MONDAY, 3), 'Martin Luther King Day'],
    [nthWeekday(year, 2, MONDAY, 3), "Washington's Birthday"],
    [easterSunday(year) - 2, 'Good Friday'],
    [lastMonday(year, 5), 'Memorial Day'],
    [observed(year, 7, 4), 'Independence Day'],
    [nthWeekday(year, 9, MONDAY, 1), 'Labor Day'],
    [nthWeekday(year, 11, THURSDAY, 4), 'Thanksgiving'],
    [observed(year, 12, 25), 'Christmas'],
  ];
  // A Saturday New Year is not moved: the Friday before ends the year's accounts.
  if (weekdayOf(dayOf(year, 1, 1)) !== SATURDAY)
    days.push([observed(year, 1, 1), "New Year's Day"]);
  if (year >= 2022) days.push([observed(year, 6, 19), 'Juneteenth']);
  return days;
}

function earlyClosesOf(year: number): NamedDay[] {
  const days: NamedDay[] = [[nthWeekday(year, 11, THURSDAY, 4) + 1, 'Day after Thanksgiving']];
  const christmasEve = dayOf(year, 12, 24);
  if (isWeekday(christmasEve)) days.push([christmasEve, 'Christmas Eve']);
  const independenceDay = dayOf(year, 7, 4);
  const weekday = weekdayOf(independenceDay);
  // Until 2012 a Thursday holiday shortened the Friday after it; since 2013 it shortens the Wednesday before.
  if (weekday === THURSDAY && year < 2013)
    days.push([independenceDay + 1, 'Day after Independence Day']);
  else if (isWeekday(independenceDay) && weekday !== MONDAY)
    days.push([independenceDay - 1, 'Day before Independence Day']);
  if (year === 2003) days.push([dayOf(2003, 12, 26), 'Day after Christmas']);
  return days;
}

const MONDAY = 1;
const THURSDAY = 4;
const SATURDAY = 6;

function dayOf(year: number, month: number, day: number): number {
  return dayOfDate(`${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}`);
}

function isWeekday(day: number): boolean {
  return weekdayOf(day) >= 1 && weekdayOf(day) <= 5;
}

/** Saturday moves to the Friday before, Sunday to the Monday after. */
function observed(year: number, month: number, dayOfMonth: number): number {
  const day = dayOf(year, month, dayOfMonth);
  const weekday = weekdayOf(day);
  return weekday === 6 ? day - 1 : weekday === 0 ? day + 1 : day;
}

function nthWeekday(year: number, month: number, weekday: number, nth: number): number {
  const first = dayOf(year, month, 1);
  return first + ((weekday - weekdayOf(first) + 7) % 7) + 7 * (nth - 1);
}

function lastMonday(year: number, month: number): number {
  const last = dayOf(year, month + 1, 1) - 1;
  return last - ((weekdayOf(last) + 6) % 7);
}

/** Gregorian Easter, by the algorithm of Meeus, Jones and Butcher. */
function easterSunday(year: number): number {
  const golden = year % 19;
  const century = Math.floor(year / 100);
  const rest = year % 100;
  const correction = Math.floor((century + 8) / 25);
  const moon =
    (19 * golden +
      century -
      Math.floor(century / 4) -
      Math.floor((century - correction + 1) / 3) +
      15) %
    30;
  const toSunday = (32 + 2 * (century % 4) + 2 * Math.floor(rest / 4) - moon - (rest % 4)) % 7;
  const shift = Math.floor((golden + 11 * moon + 22 * toSunday) / 451);
  const sum = moon + toSunday - 7 * shift + 114;
  return dayOf(year, Math.floor(sum / 31), (sum % 31) + 1);
}
