import { createHash } from 'node:crypto';

/** What canonical text can hold. */
export type Canonical =
  | string
  | number
  | boolean
  | bigint
  | null
  | undefined
  | readonly Canonical[]
  | { readonly [key: string]: Canonical };

/**
 * One text for one value: keys ascending by code unit, undefined left out, bigint as decimal text with an `n`.
 * @throws RangeError for NaN and infinities, which JSON would turn into null.
 */
export function canonicalText(value: Canonical): string {
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new RangeError(`A canonical text cannot hold ${value}`);
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  if (isList(value)) return `[${value.map(canonicalText).join(',')}]`;
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`)
    .join(',')}}`;
}

/** sha256 of the canonical text, in hex. */
export function canonicalHash(value: Canonical): string {
  return createHash('sha256').update(canonicalText(value)).digest('hex');
}

function isList(value: object): value is readonly Canonical[] {
  return Array.isArray(value);
}
