import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decimalText } from '../../src/migrate/decimal-text.ts';
import { exchangeOfKey } from '../../src/migrate/exchange-of-key.ts';
import { isJson, jsonOfCell } from '../../src/migrate/json-value.ts';
import { timeframeOfText } from '../../src/migrate/timeframe-text.ts';

describe('an amount of money', () => {
  test.each([
    ['167.42', '167.42'],
    ['14.624799999999999', '14.624799999999999'],
    ['55.50', '55.5'],
    ['1e+16', '10000000000000000'],
    ['1.5e-07', '0.00000015'],
    ['-0.0', '0'],
    ['-12.340', '-12.34'],
    ['.5', '0.5'],
    ['100', '100'],
    ['1000', '1000'],
    ['99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
  ])('%s is %s, without a float on the way', (printed, exact) => {
    expect(decimalText(printed)).toBe(exact);
  });

  test.each(['nan', 'inf', '-inf', '', '.', 'abc', '1,234', '1e300', '5e-324', '1'.repeat(39)])(
    '%p is none',
    (printed) => {
      expect(decimalText(printed)).toBeUndefined();
    },
  );

  test('reads back to the same number for every double that fits 38 digits', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e15, max: 1e15, noNaN: true }), (value) => {
        const text = decimalText(String(value));
        if (text !== undefined) expect(Number(text)).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});

describe('the exchange of a key', () => {
  test.each([
    ['NSE_EQ|INE002A01018', 'nse'],
    ['NSE_INDEX|Nifty 50', 'nse'],
    ['BSE_EQ|INE002A01018', 'bse'],
    ['MCX_FO|472789', 'mcx'],
    ['NSE_EQ|O\'Reilly; DROP TABLE "x"', 'nse'],
    ['NSE_EQ|ॐ', 'nse'],
    ['NSE_EQ|../..', 'nse'],
  ])('of %s is %s', (key, exchange) => {
    expect(exchangeOfKey(key)).toEqual({ exchange });
  });

  test.each([
    [null, 'key_missing'],
    ['', 'key_missing'],
    ['   ', 'key_missing'],
    ['NSE_EQ|', 'key_invalid'],
    ['NSE_EQ|A\tB', 'key_invalid'],
    ['NSE_EQ|A\nB', 'key_invalid'],
    ['NSE_EQ|A ', 'key_invalid'],
    ['RELIANCE', 'exchange_unknown'],
    ['nse_eq|ine002a01018', 'exchange_unknown'],
    ['XYZ_EQ|1', 'exchange_unknown'],
    ['123456', 'exchange_unknown'],
    ['../../etc', 'exchange_unknown'],
  ])('of %p is not guessed: %s', (key, problem) => {
    expect(exchangeOfKey(key)).toEqual({ problem });
  });

  test('is what the user states for a segment, and for keys without one', () => {
    const stated = new Map([
      ['NCD_FO', 'nse'],
      ['*', 'bse'],
    ]);
    expect(exchangeOfKey('NCD_FO|1', stated)).toEqual({ exchange: 'nse' });
    expect(exchangeOfKey('RELIANCE', stated)).toEqual({ exchange: 'bse' });
    expect(exchangeOfKey('XYZ_EQ|1', stated)).toEqual({ problem: 'exchange_unknown' });
  });
});

describe('a cell as JSON', () => {
  test.each([
    ['{"a": 1}', 'JSON', '{"a": 1}'],
    ['{"id": 12345678901234567890}', 'VARCHAR', '{"id": 12345678901234567890}'],
    ["{'a': None}", 'VARCHAR', '"{\'a\': None}"'],
    ['{"a": NaN}', 'JSON', '"{\\"a\\": NaN}"'],
    ['null', 'JSON', 'null'],
    ['12', 'VARCHAR', '"12"'],
    ['9007199254740993', 'BIGINT', '9007199254740993'],
    ['true', 'BOOLEAN', 'true'],
    ['nan', 'DOUBLE', '"nan"'],
    ['0.1', 'DOUBLE', '0.1'],
    ['\\xAA', 'BLOB', '"\\\\xAA"'],
  ])('%s of type %s is %s', (text, type, json) => {
    expect(jsonOfCell(text, type)).toBe(json);
  });

  test('is a text when it is nested without end', () => {
    expect(isJson(`${'['.repeat(300)}${']'.repeat(300)}`)).toBe(true);
    expect(isJson(`${'['.repeat(5000)}${']'.repeat(5000)}`)).toBe(false);
  });
});

test.each([
  ['5minute', '5m'],
  ['15minute', '15m'],
  ['60minute', '1h'],
  ['1day', '1d'],
  ['day', '1d'],
  ['D', '1d'],
  ['1m', '1m'],
  ['1 hour', '1h'],
  ['week', undefined],
  ['', undefined],
])('the timeframe %p is %s', (text, timeframe) => {
  expect(timeframeOfText(text)).toBe(timeframe);
});
