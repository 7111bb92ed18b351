import { ManagerError } from '../errors.ts';

const FORM = /^(-?)(\d+)(?:\.(\d+))?$/;
const MAX_DIGITS = 38;
const MAX_STORED_DIGITS = 400;

/** An exact decimal: `digits / 10^scale`. Money and quantities are never a JS number. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { digits: 0n, scale: 0 };

/**
 * Reads plain decimal text from outside: `167.42`, `-0.5`, `100`. No exponent, no plus, no spaces, at most 38 digits.
 *
 * @param what Names the value in the message; the value itself is not shown.
 * @throws `BAD_DECIMAL`
 */
export function parseDecimal(text: unknown, what: string): Decimal {
  return read(text, what, MAX_DIGITS);
}

/** Reads what this package stored: sums and products, which may be longer than what may be entered. */
export function parseStoredDecimal(text: string, what: string): Decimal {
  return read(text, what, MAX_STORED_DIGITS);
}

function read(text: unknown, what: string, maxDigits: number): Decimal {
  const parts = typeof text === 'string' && text.length <= maxDigits + 2 ? FORM.exec(text) : null;
  const fraction = parts?.[3] ?? '';
  if (!parts || (parts[2] as string).length + fraction.length > maxDigits)
    throw new ManagerError(
      'BAD_DECIMAL',
      `${what} is not a decimal of at most ${maxDigits} digits, such as 167.42`,
    );
  const digits = BigInt(`${parts[2]}${fraction}`);
  return { digits: parts[1] === '-' ? -digits : digits, scale: fraction.length };
}

/** Shortest text: no trailing zeros behind the point, no negative zero. `parseDecimal` reads it back to an equal value. */
export function formatDecimal(value: Decimal): string {
  const negative = value.digits < 0n;
  const digits = (negative ? -value.digits : value.digits)
    .toString()
    .padStart(value.scale + 1, '0');
  const whole = digits.slice(0, digits.length - value.scale);
  const fraction = digits.slice(digits.length - value.scale).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return negative && value.digits !== 0n ? `-${text}` : text;
}

/** Both as digits of one scale. */
function aligned(a: Decimal, b: Decimal): readonly [bigint, bigint, number] {
  const scale = Math.max(a.scale, b.scale);
  const raise = (value: Decimal): bigint => value.digits * 10n ** BigInt(scale - value.scale);
  return [raise(a), raise(b), scale];
}

export function add(a: Decimal, b: Decimal): Decimal {
  const [left, right, scale] = aligned(a, b);
  return { digits: left + right, scale };
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, negate(b));
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

export function negate(value: Decimal): Decimal {
  return { digits: -value.digits, scale: value.scale };
}

/** -1, 0 or 1. */
export function compare(a: Decimal, b: Decimal): number {
  const [left, right] = aligned(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** -1, 0 or 1. */
export function sign(value: Decimal): number {
  return value.digits < 0n ? -1 : value.digits > 0n ? 1 : 0;
}

/**
 * `a * b / c`, rounded half to even at `scale` digits behind the point: the one place where money is rounded.
 * @throws RangeError when `c` is zero.
 */
export function proportion(a: Decimal, b: Decimal, c: Decimal, scale: number): Decimal {
  if (c.digits === 0n) throw new RangeError('A proportion of zero is not defined');
  const shift = scale + c.scale - a.scale - b.scale;
  const product = a.digits * b.digits;
  const numerator = shift >= 0 ? product * 10n ** BigInt(shift) : product;
  const denominator = shift >= 0 ? c.digits : c.digits * 10n ** BigInt(-shift);
  return { digits: divideHalfEven(numerator, denominator), scale };
}

function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const negative = numerator < 0n !== denominator < 0n;
  const top = numerator < 0n ? -numerator : numerator;
  const bottom = denominator < 0n ? -denominator : denominator;
  const floor = top / bottom;
  const twice = (top % bottom) * 2n;
  const up = twice > bottom || (twice === bottom && floor % 2n === 1n);
  const quotient = up ? floor + 1n : floor;
  return negative ? -quotient : quotient;
}
