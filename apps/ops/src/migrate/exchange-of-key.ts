import { isSymbol } from '@tb/schema';
import type { Reason } from './reason.ts';

/** What a key tells: the exchange it belongs to, or why it tells none. */
export type KeyFinding =
  | { readonly exchange: string }
  | {
      readonly problem: Extract<Reason, 'key_missing' | 'key_invalid' | 'exchange_unknown'>;
    };

/** Exchanges that the user states, by segment (`XYZ_EQ`), or by `*` for keys without one. */
export type ExchangeMap = ReadonlyMap<string, string>;

const SEGMENT = /^(NSE|BSE|MCX)_[A-Z]+$/;

/**
 * The exchange of an instrument key, from its segment: `NSE_EQ|INE002A01018` is nse, `MCX_FO|472789` is mcx. Nothing is
 * guessed: a lower-case or unknown segment, or none, wants an entry in `stated`.
 */
export function exchangeOfKey(key: string | null, stated: ExchangeMap = new Map()): KeyFinding {
  if (key === null || key.trim() === '') return { problem: 'key_missing' };
  if (!isSymbol(key)) return { problem: 'key_invalid' };
  const at = key.indexOf('|');
  const segment = at < 0 ? '*' : key.slice(0, at);
  if (at >= 0 && key.slice(at + 1).trim() === '') return { problem: 'key_invalid' };
  const exchange = stated.get(segment) ?? SEGMENT.exec(segment)?.[1]?.toLowerCase();
  return exchange === undefined ? { problem: 'exchange_unknown' } : { exchange };
}
