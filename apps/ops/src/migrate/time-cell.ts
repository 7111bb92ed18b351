import { isReason, type Reason } from './reason.ts';

/**
 * A time of the source before its clock is known. `naive`: wall time without a zone, counted as if it were UTC;
 * `absolute`: it had a zone, or is an epoch.
 */
export type TimeCell =
  | { readonly kind: 'naive' | 'absolute'; readonly ns: bigint }
  | { readonly kind: 'problem'; readonly problem: Reason };

/** Reads what `timeSql` gives: `n:<ns>`, `a:<ns>`, `x:<reason>`; null for NULL. */
export function parseTimeCell(text: string | null): TimeCell {
  if (text === null) return { kind: 'problem', problem: 'time_missing' };
  const rest = text.slice(2);
  if (text.startsWith('n:')) return { kind: 'naive', ns: BigInt(rest) };
  if (text.startsWith('a:')) return { kind: 'absolute', ns: BigInt(rest) };
  return { kind: 'problem', problem: isReason(rest) ? rest : 'time_invalid' };
}
