import { describe, expect, test } from '@jest/globals';
import {
  assertExchange,
  assertRunId,
  assertSymbol,
  assertTradingDate,
  isSchemaError,
  isSymbol,
  isTradingDate,
  parseTimeframe,
} from '@tb/schema';

const HOSTILE = [
  '',
  '.',
  '..',
  '../x',
  '..\\x',
  '/etc/passwd',
  'C:\\x',
  'a/b',
  'a\0b',
  '%2e%2e',
  'a|b',
  'nul',
  'con',
  'com1',
  'a'.repeat(5000),
  'ñse',
  'NSE',
  'nse ',
  'ｎｓｅ',
  'a\nb',
];

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (isSchemaError(error)) return error.code;
    throw error;
  }
}

describe('names that become part of a path', () => {
  test.each(HOSTILE)('exchange %j is refused', (name) => {
    expect(codeOf(() => assertExchange(name))).toBe('BAD_NAME');
  });

  test.each([...HOSTILE, 'run_20260202_093000_zzzz', 'run_20260202_093000_1a2b/../x'])(
    'run id %j is refused',
    (name) => {
      expect(codeOf(() => assertRunId(name))).toBe('BAD_NAME');
    },
  );

  test.each([
    '2026-02-29',
    '2026-13-01',
    '2026-1-1',
    '20260101',
    '../2026-01-01',
    '2026-01-01\0',
    '0001-01-01',
    '9999-01-01',
  ])('trading date %j is refused', (date) => {
    expect(codeOf(() => assertTradingDate(date))).toBe('BAD_NAME');
  });

  test('good names are accepted', () => {
    for (const exchange of ['nse', 'bse', 'mcx', 'xnas', 'binance', 'a1_b'])
      assertExchange(exchange);
    assertRunId('run_20260202_093000_1a2b3c4d');
    assertTradingDate('2024-02-29');
    expect(isTradingDate('2023-02-29')).toBe(false);
  });
});

describe('symbols, which never become part of a path', () => {
  test.each([
    'NSE_EQ|INE002A01018',
    'SPY',
    '../..',
    'BRK.B',
    "O'NEIL; DROP TABLE x",
    '日経225',
    'a b',
    'con',
    'x'.repeat(256),
  ])('%j is accepted', (symbol) => {
    assertSymbol(symbol);
    expect(isSymbol(symbol)).toBe(true);
  });

  test.each([
    '',
    ' ',
    ' SPY',
    'SPY ',
    'A\tB',
    'A\nB',
    'A\0B',
    'x'.repeat(257),
    '日'.repeat(100),
    '\ud800',
    null,
    undefined,
    5,
  ])('%j is refused', (symbol) => {
    expect(codeOf(() => assertSymbol(symbol))).toBe('BAD_NAME');
    expect(isSymbol(symbol)).toBe(false);
  });

  test('a hostile value is not echoed whole into the message', () => {
    try {
      assertSymbol(`\u0007${'x'.repeat(10_000)}`);
    } catch (error) {
      expect((error as Error).message.length).toBeLessThan(300);
      expect((error as Error).message).not.toContain('\u0007');
    }
    expect.assertions(2);
  });
});

describe('timeframes', () => {
  test.each([
    ['1m', '1m', 'minute', 1],
    ['60m', '1h', 'minute', 60],
    ['90m', '90m', 'minute', 90],
    ['4h', '4h', 'minute', 240],
    ['2d', '2d', 'day', 2],
  ])('%s is %s', (text, canonical, unit, count) => {
    expect(parseTimeframe(text)).toEqual({ text: canonical, unit, count });
  });

  test.each([
    '7x',
    '',
    '0m',
    '-5m',
    '1.5m',
    '1M',
    'm',
    '25h',
    '1441m',
    '367d',
    '99999999m',
    '5 m',
    null,
  ])('%j is refused', (text) => {
    expect(codeOf(() => parseTimeframe(text))).toBe('BAD_NAME');
  });
});
