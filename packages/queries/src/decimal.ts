import { QueryError } from './errors.ts';

const FORM = /^(-?)(\d+)(?:\.(\d+))?$/;

/** An exact decimal: `digits / 10^scale`. */
export interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

export const ZERO: Decimal = { digits: 0n, scale: 0 };

/** Reads a stored decimal such as `167.42`. @throws `BAD_DECIMAL` naming the column, not the value. */
export function parseDecimal(text: string, what: string): Decimal {
  const parts = FORM.exec(text);
  if (!parts) throw new QueryError('BAD_DECIMAL', `${what} is no decimal number such as 167.42`);
  const fraction = parts[3] ?? '';
  const digits = BigInt(`${parts[2]}${fraction}`);
  return { digits: parts[1] === '-' ? -digits : digits, scale: fraction.length };
}

/** Shortest text: no trailing zeros behind the point, no negative zero. */
export function formatDecimal({ digits, scale }: Decimal): string {
  const size = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
  const whole = size.slice(0, size.length - scale);
  const fraction = size.slice(size.length - scale).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return digits < 0n ? `-${text}` : text;
}

export function add(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a.scale, b.scale);
  return { digits: raised(a, scale) + raised(b, scale), scale };
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, { digits: -b.digits, scale: b.scale });
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { digits: a.digits * b.digits, scale: a.scale + b.scale };
}

function raised(value: Decimal, scale: number): bigint {
  return value.digits * 10n ** BigInt(scale - value.scale);
}
