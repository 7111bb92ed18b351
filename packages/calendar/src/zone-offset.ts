import { CalendarError } from './errors.ts';

const DAY_MS = 86_400_000;
/** One number a UTC day and zone; bounds the cache to well under a megabyte. */
const CACHE_DAYS = 20_000;

/** Offset of a time zone from UTC, in ms, as `Intl` knows it. */
export interface ZoneOffset {
  /** Wall clock minus UTC at an instant. Exact at every ms. */
  at(utcMs: number): number;
}

const zones = new Map<string, ZoneOffset>();

/** @throws `BAD_WALL_TIME` when the platform does not know the zone */
export function zoneOffset(timeZone: string): ZoneOffset {
  let zone = zones.get(timeZone);
  if (!zone) {
    zone = cached(formatterOf(timeZone));
    zones.set(timeZone, zone);
  }
  return zone;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      numberingSystem: 'latn',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch (cause) {
    throw new CalendarError('BAD_WALL_TIME', `Time zone ${JSON.stringify(timeZone)} is not known`, {
      hint: 'Use a name of the IANA database, e.g. Asia/Kolkata or America/New_York.',
      cause,
    });
  }
}

/**
 * The formatter costs microseconds, so offsets are kept at the start of each UTC day. A day that begins and ends with
 * the same offset is taken to have it throughout: no zone has changed its offset twice within a day and come back.
 */
function cached(formatter: Intl.DateTimeFormat): ZoneOffset {
  const starts = new Map<number, number>();
  const atStart = (day: number): number => {
    let offset = starts.get(day);
    if (offset === undefined) {
      if (starts.size >= CACHE_DAYS) starts.clear();
      offset = measure(formatter, day * DAY_MS);
      starts.set(day, offset);
    }
    return offset;
  };
  return {
    at(utcMs) {
      const day = Math.floor(utcMs / DAY_MS);
      const offset = atStart(day);
      return offset === atStart(day + 1) ? offset : measure(formatter, utcMs);
    },
  };
}

function measure(formatter: Intl.DateTimeFormat, utcMs: number): number {
  const wholeSecondMs = Math.floor(utcMs / 1000) * 1000;
  const field: Record<string, number> = {};
  for (const part of formatter.formatToParts(wholeSecondMs)) field[part.type] = Number(part.value);
  const { year, month, day, hour, minute, second } = field as Record<string, number> & {
    year: number;
    month: number;
    day: number;
    hour: number;
    minute: number;
    second: number;
  };
  return Date.UTC(year, month - 1, day, hour, minute, second) - wholeSecondMs;
}
