import { wallTimeToUtc } from '@tb/calendar';
import { isTradingDate } from '@tb/schema';
import { OpsError } from '../errors.ts';
import type { TimeFormat, TimeUnit } from './input-options.ts';
import { isoOfPattern } from './time-pattern.ts';

/** ns since 1970 UTC; or a bare date, which the caller turns into a session; or undefined when it is no time. */
export type ParsedTime = bigint | { readonly date: string } | undefined;

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d{2}:?\d{2})?)?$/i;
const NUMBER = /^(-?)(\d{1,19})(?:\.(\d{1,9})0*)?$/;
const DIGITS: Readonly<Record<TimeUnit, number>> = { s: 9, ms: 6, us: 3, ns: 0 };
const MIN_NS = -(2n ** 63n);
const MAX_NS = 2n ** 63n - 1n;
const HALF_HOUR_MS = 1_800_000;
/** `YYYY-MM-DD` */
const DATE_CHARACTERS = 10;

/**
 * A parser of one stated form of time. Exact to the nanosecond; never guesses a zone or a unit.
 *
 * @returns undefined for text that is no time of this form, or lies outside 1678 to 2261, the whole years of int64 ns.
 * @throws `BAD_OPTION` for a bad pattern; (the parser) `TIME_ZONE_MISSING` when a time carries no zone and none was stated.
 */
export function timeParser(
  format: TimeFormat,
  timeZone: string | undefined,
): (value: unknown) => ParsedTime {
  if (format in DIGITS) {
    const digits = DIGITS[format as TimeUnit];
    return (value) => parseCount(value, digits);
  }
  const parseIso = isoParser(timeZone);
  if (format === 'iso') return parseIso;
  const isoOf = isoOfPattern(format);
  return (value) =>
    parseIso(typeof value === 'bigint' ? value : (isoOf(String(value).trim()) ?? ''));
}

/** A count of a unit since 1970: the unit has 10^-9 * 10^digits seconds. Fractions finer than 1 ns are refused. */
function parseCount(value: unknown, digits: number): bigint | undefined {
  if (typeof value === 'number' && !Number.isSafeInteger(value) && digits < 9) return undefined;
  const parts = NUMBER.exec(String(value).trim());
  if (!parts) return undefined;
  const fraction = parts[3] ?? '';
  if (fraction.length > digits && /[1-9]/.test(fraction.slice(digits))) return undefined;
  const ns = BigInt((parts[2] ?? '') + fraction.slice(0, digits).padEnd(digits, '0'));
  return inRange(parts[1] === '-' ? -ns : ns);
}

function inRange(ns: bigint): bigint | undefined {
  return ns >= MIN_NS && ns <= MAX_NS ? ns : undefined;
}

function isoParser(timeZone: string | undefined): (value: unknown) => ParsedTime {
  const offsetOf = timeZone === undefined ? undefined : zoneOffsets(timeZone);
  // Neighbouring rows have the same date: it is checked once.
  let knownDate = '';
  let knownMs = 0;
  return (value) => {
    if (typeof value === 'bigint') return inRange(value); // a Parquet timestamp, already ns UTC
    const text = String(value).trim();
    const parts = ISO.exec(text);
    if (!parts) return undefined;
    const date = text.slice(0, DATE_CHARACTERS);
    if (date !== knownDate) {
      if (!isTradingDate(date)) return undefined;
      knownDate = date;
      knownMs = Date.parse(date);
    }
    if (parts[4] === undefined) return { date };
    const [hour, minute, second] = [Number(parts[4]), Number(parts[5]), Number(parts[6] ?? 0)];
    if (hour > 23 || minute > 59 || second > 59) return undefined;
    const wallMs = knownMs + ((hour * 60 + minute) * 60 + second) * 1000;
    let offsetMs: number;
    if (parts[8] !== undefined) offsetMs = fixedOffsetMs(parts[8]);
    else if (offsetOf) offsetMs = offsetOf(wallMs, date);
    else
      throw new OpsError(
        'TIME_ZONE_MISSING',
        `Time ${JSON.stringify(parts[0])} has no zone, and none was stated`,
      );
    const fractionNs = Number((parts[7] ?? '').padEnd(9, '0'));
    return inRange(BigInt(wallMs - offsetMs) * 1_000_000n + BigInt(fractionNs));
  };
}

function fixedOffsetMs(text: string): number {
  if (/^z$/i.test(text)) return 0;
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(-2));
  return (text.startsWith('-') ? -minutes : minutes) * 60_000;
}

/** Offset of a zone at a wall-clock time, asked once per half hour: zones change on the hour or the half hour. */
function zoneOffsets(timeZone: string): (wallMs: number, date: string) => number {
  const cache = new Map<number, number>();
  return (wallMs, date) => {
    const slot = Math.floor(wallMs / HALF_HOUR_MS);
    const known = cache.get(slot);
    if (known !== undefined) return known;
    const minutes =
      Math.floor((((wallMs % 86_400_000) + 86_400_000) % 86_400_000) / 60_000 / 30) * 30;
    const time = `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
    const utcMs = Number(wallTimeToUtc(date, time, timeZone) / 1_000_000n);
    const offset = slot * HALF_HOUR_MS - utcMs;
    cache.set(slot, offset);
    return offset;
  };
}
