import type { MarketDataSnapshot } from '@tb/schema';
import { QueryError } from './errors.ts';

/**
 * Rows of `sid` in `[from, to)` belong to the symbol of `code`, with prices times `priceFactor` and volumes times
 * `volumeFactor`.
 */
export interface Leg {
  readonly sid: number;
  readonly code: number;
  readonly from: bigint;
  readonly to: bigint;
  readonly priceFactor: number;
  readonly volumeFactor: number;
}

/** The symbols of a result, and which stored rows belong to each. */
export interface SymbolTable {
  /** Ascending by code points; the index is the code. */
  readonly symbols: readonly string[];
  readonly legs: readonly Leg[];
  /** sid under which each symbol is stored itself; -1 when it never was. */
  readonly sidByCode: Int32Array;
}

export const BEGINNING: bigint = -(2n ** 63n) + 2n;
export const END: bigint = 2n ** 63n - 2n;

/** Order of code points, the order of bytes in UTF-8: the same in every locale and in SQL. */
function compareSymbols(a: string, b: string): number {
  if (a === b) return 0;
  const [left, right] = [[...a], [...b]];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const difference = (left[i] as string).codePointAt(0)! - (right[i] as string).codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Distinct symbols in result order. */
export function sortSymbols(symbols: Iterable<string>): string[] {
  return [...new Set(symbols)].sort(compareSymbols);
}

/** Every row of each symbol's own sid, as recorded. */
export function plainSymbols(
  snapshot: MarketDataSnapshot,
  symbols: readonly string[],
): SymbolTable {
  const legs: Leg[] = [];
  const sidByCode = Int32Array.from(symbols, (symbol, code) => {
    const sid = snapshot.sidOf(symbol);
    if (sid === undefined) return -1;
    legs.push({ sid, code, from: BEGINNING, to: END, priceFactor: 1, volumeFactor: 1 });
    return sid;
  });
  return { symbols, legs, sidByCode };
}

/** The sid of each row, by its code. */
export function sidsOf(code: Int32Array, sidByCode: Int32Array): Int32Array {
  const [only] = sidByCode;
  if (sidByCode.length === 1 && only !== undefined) return new Int32Array(code.length).fill(only);
  return code.map((value) => sidByCode[value]!);
}

/** Whether rows are taken as they are: no factor, no change of symbol on the way. */
export function isPlain(table: SymbolTable): boolean {
  return table.legs.every(
    (leg) =>
      leg.from === BEGINNING && leg.to === END && leg.priceFactor === 1 && leg.volumeFactor === 1,
  );
}

/** @throws `UNKNOWN_SYMBOL` naming the first symbol without any stored name. */
export function assertKnown(table: SymbolTable, exchange: string): void {
  const known = new Set(table.legs.map((leg) => leg.code));
  const missing = table.symbols.filter((_, code) => !known.has(code));
  if (missing.length > 0)
    throw new QueryError(
      'UNKNOWN_SYMBOL',
      `Exchange ${exchange} has no symbol ${JSON.stringify(missing[0])}${missing.length > 1 ? `, nor ${missing.length - 1} more of those asked for` : ''}`,
    );
}
