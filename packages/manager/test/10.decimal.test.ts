import { describe, expect, test } from '@jest/globals';
import {
  add,
  compare,
  type Decimal,
  formatDecimal,
  isManagerError,
  multiply,
  negate,
  parseDecimal,
  subtract,
} from '@tb/manager';
import fc from 'fast-check';
import { proportion } from '../src/trading/decimal.ts';

const text = fc
  .tuple(
    fc.boolean(),
    fc.bigInt({ min: 0n, max: 10n ** 18n }),
    fc.option(fc.bigInt({ min: 0n, max: 10n ** 17n })),
  )
  .map(
    ([negative, whole, fraction]) =>
      `${negative ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`,
  );
const decimal = text.map((value) => parseDecimal(value, 'x'));
const read = (value: string): Decimal => parseDecimal(value, 'x');
const same = (a: Decimal, b: Decimal): boolean => compare(a, b) === 0;

describe('decimals', () => {
  test.each([
    ['167.42', '167.42'],
    ['007.500', '7.5'],
    ['-0', '0'],
    ['-0.00', '0'],
    ['0.000000000000000000000000000001', '0.000000000000000000000000000001'],
    ['99999999999999999999999999999999999999', '99999999999999999999999999999999999999'],
    ['-12.10', '-12.1'],
  ])('%s is written %s', (given, written) => {
    expect(formatDecimal(read(given))).toBe(written);
  });

  test.each([
    '',
    '.',
    '.5',
    '5.',
    '+1',
    '1e3',
    ' 1',
    '1 ',
    '1,000',
    'NaN',
    '--1',
    '0x10',
    `1${'0'.repeat(38)}`,
    '٣',
  ])('%j is refused', (given) => {
    expect(() => read(given)).toThrow(expect.objectContaining({ code: 'BAD_DECIMAL' }));
  });

  test('a number is refused: 0.1 + 0.2 is not 0.3', () => {
    expect(() => parseDecimal(0.3, 'price')).toThrow(/^price is not a decimal/);
  });

  test('the refused value does not stand in the message', () => {
    try {
      parseDecimal('secret-17', 'The price');
      throw new Error('not refused');
    } catch (error) {
      expect(isManagerError(error, 'BAD_DECIMAL')).toBe(true);
      expect((error as Error).message).not.toContain('secret');
    }
  });

  test('what is written reads back equal, in its shortest form', () => {
    fc.assert(
      fc.property(decimal, (value) => {
        const written = formatDecimal(value);
        expect(same(read(written), value)).toBe(true);
        expect(formatDecimal(read(written))).toBe(written);
        expect(written).not.toMatch(/\.\d*0$|^-0$/);
      }),
    );
  });

  test('sums and products are those of whole numbers of the smallest unit', () => {
    fc.assert(
      fc.property(decimal, decimal, (a, b) => {
        const unit = (value: Decimal): bigint => value.digits * 10n ** BigInt(20 - value.scale);
        expect(unit(add(a, b))).toBe(unit(a) + unit(b));
        expect(unit(subtract(a, b))).toBe(unit(a) - unit(b));
        const product = multiply(a, b);
        expect(product.digits * 10n ** BigInt(40 - product.scale)).toBe(unit(a) * unit(b));
        expect(compare(a, b)).toBe(unit(a) < unit(b) ? -1 : unit(a) > unit(b) ? 1 : 0);
      }),
    );
  });

  test.each([
    ['10', '1', '3', 4, '3.3333'],
    ['10', '2', '3', 4, '6.6667'],
    ['1', '1', '8', 2, '0.12'],
    ['3', '1', '8', 2, '0.38'],
    ['-1', '1', '8', 2, '-0.12'],
    ['-10', '1', '3', 0, '-3'],
  ])('%s * %s / %s at scale %d is %s: half to even', (a, b, c, scale, result) => {
    expect(formatDecimal(proportion(read(a), read(b), read(c), scale))).toBe(result);
  });

  test('a proportion is within half a unit of the exact quotient', () => {
    fc.assert(
      fc.property(decimal, decimal, decimal, fc.integer({ min: 0, max: 20 }), (a, b, c, scale) => {
        fc.pre(c.digits !== 0n);
        const quotient = proportion(a, b, c, scale);
        const rest = subtract(multiply(a, b), multiply(quotient, c));
        const absolute = rest.digits < 0n ? negate(rest) : rest;
        const divisor = c.digits < 0n ? negate(c) : c;
        const half = multiply(divisor, { digits: 5n, scale: scale + 1 });
        expect(compare(absolute, half)).toBeLessThanOrEqual(0);
      }),
    );
  });
});
