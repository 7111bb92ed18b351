import { describe, expect, test } from '@jest/globals';
import { timeText } from '../../src/format/time-text.ts';
import { timeParser } from '../../src/input/time-parser.ts';

const utc = timeParser('iso', 'UTC');

describe('ISO times', () => {
  test.each([
    ['2013-10-07T13:30:00.094Z', 1381152600094000000n],
    ['2013-10-07 13:30:00.094', 1381152600094000000n],
    ['2013-10-07 13:30', 1381152600000000000n],
    ['2013-10-07T19:00:00.094+05:30', 1381152600094000000n],
    ['2013-10-07T19:00:00.094123456+0530', 1381152600094123456n],
    ['1969-12-31T23:59:59.5Z', -500000000n],
    ['2024-02-29T00:00:00Z', 1709164800000000000n],
    ['2261-12-31T23:59:59.999999999Z', 9214646399999999999n],
  ])('%s is %s ns', (text, ns) => {
    expect(utc(text)).toBe(ns);
  });

  test.each([
    '',
    'x',
    '2013-10-07 24:00',
    '2013-02-29 10:00',
    '2013-13-01 10:00',
    '2013-10-07 10:60',
    '2262-01-01T00:00:00Z',
    '0001-01-01 00:00',
    '10/07/2013 10:00',
    '1381152600',
    '2013-10-07T13:30:00.0941234567Z',
    'infinity',
  ])('%j is no time', (text) => {
    expect(utc(text)).toBeUndefined();
  });

  test('a zone that was stated decides, also across DST', () => {
    const newYork = timeParser('iso', 'America/New_York');
    expect(newYork('2008-03-07 09:30')).toBe(timeParser('iso', undefined)('2008-03-07T14:30Z'));
    expect(newYork('2008-03-10 09:30:00')).toBe(timeParser('iso', undefined)('2008-03-10T13:30Z'));
    const india = timeParser('iso', 'Asia/Kolkata');
    expect(india('2019-10-27 18:15:00')).toBe(timeParser('iso', undefined)('2019-10-27T12:45Z'));
  });

  test('a time without a zone is never guessed', () => {
    expect(() => timeParser('iso', undefined)('2013-10-07 13:30:00')).toThrow(
      expect.objectContaining({ code: 'TIME_ZONE_MISSING' }),
    );
  });

  test('a bare date is given back as one', () => {
    expect(utc('2013-10-07')).toEqual({ date: '2013-10-07' });
  });
});

describe('counts since 1970', () => {
  test.each([
    ['s', '1381152600.094', 1381152600094000000n],
    ['s', 1381152600.5, 1381152600500000000n],
    ['ms', '1381152600094', 1381152600094000000n],
    ['ms', 1381152600094, 1381152600094000000n],
    ['us', '1381152600094123', 1381152600094123000n],
    ['ns', '1381152600094123456', 1381152600094123456n],
    ['ns', '-1', -1n],
  ] as const)('%s %s', (format, value, ns) => {
    expect(timeParser(format, undefined)(value)).toBe(ns);
  });

  test.each([
    ['ns', '1.5'],
    ['ns', 2 ** 60],
    ['ms', 'x'],
    ['s', '99999999999999'],
    ['s', ''],
    ['us', '0x10'],
  ] as const)('%s %s is no time', (format, value) => {
    expect(timeParser(format, undefined)(value)).toBeUndefined();
  });
});

describe('times as text', () => {
  test.each([
    [1381152600000000000n, '2013-10-07T13:30:00Z'],
    [1381152600094000000n, '2013-10-07T13:30:00.094Z'],
    [1381152600094120000n, '2013-10-07T13:30:00.094120Z'],
    [1381152600094123456n, '2013-10-07T13:30:00.094123456Z'],
    [-500000000n, '1969-12-31T23:59:59.500Z'],
  ])('%s is %s', (ns, text) => {
    expect(timeText(ns)).toBe(text);
    expect(utc(text)).toBe(ns);
  });
});

describe('times of a stated pattern', () => {
  const at = (text: string): unknown => timeParser('iso', undefined)(text);
  test.each([
    ['%d.%m.%Y %H:%M:%S.%f', '02.01.2024 14:30:00.123', '2024-01-02T14:30:00.123Z'],
    ['%d.%m.%Y %H:%M:%S.%f', '02.01.2024 14:30:00.123456789', '2024-01-02T14:30:00.123456789Z'],
    ['%m/%d/%Y %H:%M', '1/2/2024 9:30', '2024-01-02T09:30Z'],
    ['%Y%m%d %H%M%S', '20240102 093001', '2024-01-02T09:30:01Z'],
    ['%Y%m%d %H%M%S%f', '20240102 093001250', '2024-01-02T09:30:01.25Z'],
    ['%Y.%m.%d,%H:%M', '2024.01.02,09:30', '2024-01-02T09:30Z'],
    ['%Y-%m-%dT%H:%M:%S%z', '2024-01-02T09:30:00+0530', '2024-01-02T04:00Z'],
  ] as const)('%s reads %s', (pattern, text, iso) => {
    expect(timeParser(pattern, 'UTC')(text)).toBe(at(iso));
  });

  test('a date alone is one, for daily candles', () => {
    expect(timeParser('%d-%m-%Y', undefined)('2-1-2024')).toEqual({ date: '2024-01-02' });
  });

  test.each([
    ['%d.%m.%Y %H:%M', '02/01/2024 14:30'],
    ['%d.%m.%Y %H:%M', '31.02.2024 14:30'],
    ['%d.%m.%Y %H:%M', '01.13.2024 14:30'],
    ['%d.%m.%Y %H:%M', '01.01.2024 24:30'],
    ['%d.%m.%Y %H:%M', '01.01.2024 14:30:00'],
    ['%Y%m%d', '2024112'],
    ['%Y.%m.%d', '2024-01-02'],
  ] as const)('%s refuses %s', (pattern, text) => {
    expect(timeParser(pattern, 'UTC')(text)).toBeUndefined();
  });

  test('a zone is never guessed', () => {
    expect(() => timeParser('%Y%m%d %H%M', undefined)('20240102 0930')).toThrow(/has no zone/);
  });

  test.each([
    ['%d.%m %H:%M', /lacks a part of the date/],
    ['%Y%m%d %H', /lacks a part of the time of day/],
    ['%Y%m%d %H%M.%f', /a fraction and no second/],
    ['%Y%m%d %I:%M', /a directive that is not one of/],
    ['%Y%m%d%d', /a directive twice/],
    ['%Y%m%d%', /a directive that is not one of/],
  ] as const)('%s is refused', (pattern, message) => {
    expect(() => timeParser(pattern, 'UTC')).toThrow(message);
  });
});
