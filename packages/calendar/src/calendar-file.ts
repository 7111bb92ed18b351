import { invalid } from './overridden-rules.ts';
import type {
  CalendarOverrides,
  HourRange,
  NamedHours,
  SessionHours,
  Weekday,
} from './overrides.ts';

const KEYS = [
  'like',
  'timeZone',
  'week',
  'window',
  'holidays',
  'halfDays',
  'specialSessions',
  'knownYears',
];
const RANGE_KEYS = ['open', 'close', 'openDay', 'closeDay'];
const HOURS_KEYS = [...RANGE_KEYS, 'breaks'];

/**
 * Reads the text of `calendars/<exchange>.json`. A key that is not known is refused, so that a misspelt list of
 * holidays is not lost. Dates, times and the time zone are checked by `calendarOf`.
 * @throws `CALENDAR_FILE_INVALID` naming the entry
 */
export function parseCalendarFile(text: string): CalendarOverrides {
  const file = fields('file', parseJson(text), KEYS);
  return {
    like: optional('like', file['like'], asText),
    timeZone: optional('timeZone', file['timeZone'], asText),
    week: optional('week', file['week'], asRecord(asHours)) as
      | Partial<Record<Weekday, SessionHours>>
      | undefined,
    window: optional('window', file['window'], asRange),
    holidays: optional('holidays', file['holidays'], asRecord(asText)),
    halfDays: optional('halfDays', file['halfDays'], asRecord(asNamedHours)),
    specialSessions: optional('specialSessions', file['specialSessions'], asRecord(asNamedHours)),
    knownYears: optional('knownYears', file['knownYears'], asYears),
  };
}

type Read<T> = (entry: string, value: unknown) => T;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch (cause) {
    throw invalid('file', `is not JSON: ${(cause as Error).message}`, cause);
  }
}

function fields(
  entry: string,
  value: unknown,
  keys?: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(entry, 'is not an object');
  const unknown = keys && Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined)
    throw invalid(
      `${entry}.${unknown.slice(0, 40)}`,
      `is not known; known are ${keys?.join(', ')}`,
    );
  return value as Record<string, unknown>;
}

function optional<T>(entry: string, value: unknown, read: Read<T>): T | undefined {
  return value === undefined ? undefined : read(entry, value);
}

function asRecord<T>(read: Read<T>): Read<Record<string, T>> {
  return (entry, value) =>
    Object.fromEntries(
      Object.entries(fields(entry, value)).map(([key, item]) => [
        key,
        read(`${entry}.${key.slice(0, 40)}`, item),
      ]),
    );
}

function asText(entry: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') throw invalid(entry, 'is not a text');
  return value;
}

function asDayShift(entry: string, value: unknown): number {
  if (typeof value !== 'number') throw invalid(entry, 'is not -1, 0 or 1');
  return value;
}

function asRange(entry: string, value: unknown): HourRange {
  return rangeOf(entry, fields(entry, value, RANGE_KEYS));
}

function asHours(entry: string, value: unknown): SessionHours {
  return hoursOf(entry, fields(entry, value, HOURS_KEYS));
}

function asNamedHours(entry: string, value: unknown): NamedHours {
  const item = fields(entry, value, [...HOURS_KEYS, 'name']);
  return { ...hoursOf(entry, item), name: optional(`${entry}.name`, item['name'], asText) };
}

function hoursOf(entry: string, item: Readonly<Record<string, unknown>>): SessionHours {
  return {
    ...rangeOf(entry, item),
    breaks: optional(`${entry}.breaks`, item['breaks'], asBreaks),
  };
}

function asBreaks(entry: string, value: unknown): HourRange[] {
  if (!Array.isArray(value)) throw invalid(entry, 'is not a list');
  return value.map((item, index) => asRange(`${entry}.${index}`, item));
}

function rangeOf(entry: string, item: Readonly<Record<string, unknown>>): HourRange {
  return {
    open: asText(`${entry}.open`, item['open']),
    close: asText(`${entry}.close`, item['close']),
    openDay: optional(`${entry}.openDay`, item['openDay'], asDayShift),
    closeDay: optional(`${entry}.closeDay`, item['closeDay'], asDayShift),
  };
}

function asYears(entry: string, value: unknown): readonly number[] | 'all' {
  if (value === 'all') return value;
  if (!Array.isArray(value) || !value.every((year) => Number.isInteger(year)))
    throw invalid(entry, 'is not a list of years, nor "all"');
  return value as number[];
}
