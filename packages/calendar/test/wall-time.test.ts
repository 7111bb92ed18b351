import { describe, expect, test } from '@jest/globals';
import { utcToWallTime, wallTimeToUtc } from '@tb/calendar';
import fc from 'fast-check';
import { INDIA, NEW_YORK, utc } from './clock.ts';

const ZONES = [
  INDIA,
  NEW_YORK,
  'UTC',
  'Europe/London',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'Pacific/Apia',
  'Asia/Kathmandu',
];
const INT64_MIN = -(2n ** 63n);

describe('wallTimeToUtc', () => {
  test.each([
    ['2019-06-03', '09:15', INDIA, '2019-06-03T03:45:00Z'],
    ['2008-03-07', '09:30', NEW_YORK, '2008-03-07T14:30:00Z'],
    ['2008-03-10', '09:30', NEW_YORK, '2008-03-10T13:30:00Z'],
    ['2015-12-24', '13:00', NEW_YORK, '2015-12-24T18:00:00Z'],
    ['2024-02-29', '24:00', 'UTC', '2024-03-01T00:00:00Z'],
    ['1960-01-04', '09:30', NEW_YORK, '1960-01-04T14:30:00Z'],
  ])('%s %s in %s is %s', (date, time, zone, iso) => {
    expect(wallTimeToUtc(date, time, zone)).toBe(utc(iso));
  });

  test('a time that the clock skips is the instant of the jump', () => {
    for (const time of ['02:00', '02:30', '02:59:59.999999999', '03:00'])
      expect(wallTimeToUtc('2024-03-10', time, NEW_YORK)).toBe(utc('2024-03-10T07:00:00Z'));
    expect(wallTimeToUtc('2024-03-10', '01:59:59', NEW_YORK)).toBe(utc('2024-03-10T06:59:59Z'));
  });

  test('a time that the clock shows twice is the first of the two', () => {
    expect(wallTimeToUtc('2024-11-03', '01:30', NEW_YORK)).toBe(utc('2024-11-03T05:30:00Z'));
    expect(wallTimeToUtc('2024-11-03', '02:00', NEW_YORK)).toBe(utc('2024-11-03T07:00:00Z'));
  });

  test('a date that a zone left out is the instant at which it was left out', () => {
    expect(wallTimeToUtc('2011-12-30', '12:00', 'Pacific/Apia')).toBe(utc('2011-12-30T10:00:00Z'));
  });

  test('nanoseconds are kept', () => {
    const ts = wallTimeToUtc('2019-06-03', '09:15:00.123456789', INDIA);
    expect(ts).toBe(utc('2019-06-03T03:45:00Z') + 123_456_789n);
    expect(utcToWallTime(ts, INDIA)).toEqual({ date: '2019-06-03', time: '09:15:00.123456789' });
  });

  test.each([
    '9:15',
    '09:60',
    '24:01',
    '25:00',
    '',
    '09:15Z',
    '24:00:00.000000001',
    '09:15:00.1234567890',
  ])('time %j is refused', (time) => {
    expect(() => wallTimeToUtc('2019-06-03', time, INDIA)).toThrow(
      expect.objectContaining({ name: 'CalendarError', code: 'BAD_WALL_TIME' }),
    );
  });

  test('an unknown zone is refused', () => {
    expect(() => wallTimeToUtc('2019-06-03', '09:15', 'Asia/Atlantis')).toThrow(
      expect.objectContaining({ code: 'BAD_WALL_TIME' }),
    );
  });
});

describe('properties', () => {
  const instant = fc.bigInt({
    min: INT64_MIN + 400n * 86_400_000_000_000n,
    max: 2n ** 63n - 400n * 86_400_000_000_000n,
  });
  const zone = fc.constantFrom(...ZONES);

  test('wall time and back gives the instant, or the first showing of a repeated hour', () => {
    fc.assert(
      fc.property(instant, zone, (ts, timeZone) => {
        const shown = utcToWallTime(ts, timeZone);
        const back = wallTimeToUtc(shown.date, shown.time, timeZone);
        expect(back <= ts).toBe(true);
        expect(utcToWallTime(back, timeZone)).toEqual(shown);
        expect(ts - back <= 3_600_000_000_000n).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('around every change of the New York clock, a later wall time is never an earlier instant', () => {
    const minutes = fc.integer({ min: 0, max: 1440 });
    const change = fc.constantFrom(
      '2007-03-11',
      '2007-11-04',
      '1974-01-06',
      '2024-03-10',
      '2024-11-03',
      '1987-04-05',
    );
    const timeOf = (minute: number) =>
      `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
    fc.assert(
      fc.property(change, minutes, minutes, (date, a, b) => {
        const [first, second] = a <= b ? [a, b] : [b, a];
        expect(
          wallTimeToUtc(date, timeOf(first), NEW_YORK) <=
            wallTimeToUtc(date, timeOf(second), NEW_YORK),
        ).toBe(true);
      }),
    );
  });

  test('agrees with Intl about what the clock shows, at every hour of the days around clock changes', () => {
    for (const timeZone of ZONES) {
      const clock = new Intl.DateTimeFormat('sv-SE', {
        timeZone,
        dateStyle: 'short',
        timeStyle: 'medium',
      });
      for (const day of [
        '2024-03-09',
        '2024-03-10',
        '2024-04-06',
        '2024-04-07',
        '2024-10-06',
        '2024-10-27',
        '2024-11-03',
      ])
        for (let hour = 0; hour < 48; hour++) {
          const ms = Date.parse(`${day}T00:00:00Z`) + hour * 1_800_000;
          const { date, time } = utcToWallTime(BigInt(ms) * 1_000_000n, timeZone);
          expect(`${date} ${time.slice(0, 8)}`).toBe(clock.format(ms));
        }
    }
  });
});
