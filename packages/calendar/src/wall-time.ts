import { dateOfDay, dayOfDate } from './civil-date.ts';
import { CalendarError } from './errors.ts';
import { zoneOffset } from './zone-offset.ts';

const DAY_MS = 86_400_000;
const MS_NS = 1_000_000n;
const FORM = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?$/;

/** What a wall clock shows: `YYYY-MM-DD` and `HH:MM:SS.nnnnnnnnn`. */
export interface WallTime {
  readonly date: string;
  readonly time: string;
}

/**
 * Instant (ns UTC) of a wall-clock time: the first instant at which the clock of the zone has reached it.
 * So a time that the clock skips in spring is the instant of the jump, and a time that it shows twice in autumn
 * is the first of the two. A later wall time never gives an earlier instant.
 *
 * @param time `HH:MM`, `HH:MM:SS` or with up to nine decimals; `24:00` is the end of the day.
 * @param timeZone IANA name.
 * @throws `BAD_TRADING_DATE`, `BAD_WALL_TIME`
 */
export function wallTimeToUtc(date: string, time: string, timeZone: string): bigint {
  const day = dayOfDate(date);
  const { ms, restNs } = parseTime(time);
  const wallMs = day * DAY_MS + ms;
  const reachedMs = reach(wallMs, timeZone);
  // Inside a jump the clock is already past the wanted time at its first ms: no fraction to add.
  const exact = reachedMs + zoneOffset(timeZone).at(reachedMs) === wallMs;
  return BigInt(reachedMs) * MS_NS + (exact ? restNs : 0n);
}

/**
 * What the wall clock of a zone shows at an instant. `wallTimeToUtc` gives the instant back, except for the second
 * showing of a repeated hour, where it gives the first.
 * @param ts ns UTC. @throws `BAD_WALL_TIME` for an unknown zone
 */
export function utcToWallTime(ts: bigint, timeZone: string): WallTime {
  const utcMs = floorMs(ts);
  const wallMs = utcMs + zoneOffset(timeZone).at(utcMs);
  const iso = new Date(wallMs).toISOString();
  const restNs = ts - BigInt(utcMs) * MS_NS;
  return { date: iso.slice(0, 10), time: `${iso.slice(11, 23)}${String(restNs).padStart(6, '0')}` };
}

/** Date that the wall clock of a zone shows. @param ts ns UTC. */
export function wallDateOf(ts: bigint, timeZone: string): string {
  const utcMs = floorMs(ts);
  return dateOfDay(Math.floor((utcMs + zoneOffset(timeZone).at(utcMs)) / DAY_MS));
}

/** `wallTimeToUtc` for minutes counted from the midnight that begins a day; may be negative or past 1440. */
export function wallMinuteToUtc(day: number, minute: number, timeZone: string): bigint {
  return BigInt(reach(day * DAY_MS + minute * 60_000, timeZone)) * MS_NS;
}

/** Minutes since midnight of `HH:MM`, 0 to 1440. @throws `BAD_WALL_TIME` */
export function minuteOfTime(time: string): number {
  const { ms, restNs } = parseTime(time);
  if (ms % 60_000 !== 0 || restNs !== 0n)
    throw new CalendarError('BAD_WALL_TIME', `Time ${JSON.stringify(time)} is not a whole minute`);
  return ms / 60_000;
}

/** Whole ms at or before a time in ns: division of bigint rounds towards zero, a clock rounds down. */
export function floorMs(ts: bigint): number {
  const ms = ts / MS_NS;
  return Number(ts % MS_NS < 0n ? ms - 1n : ms);
}

function parseTime(time: string): { ms: number; restNs: bigint } {
  const parts = typeof time === 'string' ? FORM.exec(time) : null;
  const [hour, minute, second] = [
    Number(parts?.[1]),
    Number(parts?.[2]),
    Number(parts?.[3] ?? '0'),
  ];
  const fraction = Number((parts?.[4] ?? '').padEnd(9, '0'));
  const ofDay = hour * 3600 + minute * 60 + second;
  const inDay = ofDay < 86_400 || (ofDay === 86_400 && fraction === 0);
  if (!parts || minute > 59 || second > 59 || !inDay)
    throw new CalendarError(
      'BAD_WALL_TIME',
      `Time ${typeof time === 'string' ? JSON.stringify(time.slice(0, 40)) : typeof time} is not HH:MM, 00:00 to 24:00`,
    );
  return {
    ms: ofDay * 1000 + Math.floor(fraction / 1_000_000),
    restNs: BigInt(fraction % 1_000_000),
  };
}

/** First ms at which the wall clock shows `wallMs` or later. */
function reach(wallMs: number, timeZone: string): number {
  const zone = zoneOffset(timeZone);
  const before = zone.at(wallMs - DAY_MS);
  const after = zone.at(wallMs + DAY_MS);
  const early = wallMs - before;
  if (before === after || zone.at(early) === before) return early;
  const late = wallMs - after;
  if (zone.at(late) === after) return late;
  // Skipped by the clock: `late` is still before the jump, `early` is past it.
  let [low, high] = [late, early];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (middle + zone.at(middle) < wallMs) low = middle;
    else high = middle;
  }
  return high;
}
