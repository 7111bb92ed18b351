import { QueryError } from './errors.ts';
import type { TimeInput } from './request.ts';

export const NS_PER_MS = 1_000_000n;
export const DAY_NS = 86_400_000_000_000n;
export const MINUTE_NS = 60_000_000_000n;
const FIRST_NS = BigInt(Date.UTC(1680, 0, 1)) * NS_PER_MS;
const LAST_NS = BigInt(Date.UTC(2260, 0, 1)) * NS_PER_MS;

/** Half-open, ns UTC. */
export interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

/** @throws `BAD_RANGE` unless the value is a bigint or a valid Date from 1680 to 2259. */
export function toNs(value: TimeInput, name: string): bigint {
  const ns = typeof value === 'bigint' ? value : dateToNs(value, name);
  if (ns < FIRST_NS || ns > LAST_NS)
    throw new QueryError('BAD_RANGE', `${name} is ${ns} ns UTC, outside the years 1680 to 2259`);
  return ns;
}

/** @throws `BAD_RANGE` when `from` is after `to`; an empty range is allowed. */
export function spanOf(from: TimeInput, to: TimeInput): Span {
  const span = { from: toNs(from, 'from'), to: toNs(to, 'to') };
  if (span.from > span.to)
    throw new QueryError('BAD_RANGE', `from ${isoOf(span.from)} is after to ${isoOf(span.to)}`);
  return span;
}

/** Time as ISO text with nine digits of fraction: what CSV and messages show. */
export function isoOf(ns: bigint): string {
  const ms = floorDiv(ns, NS_PER_MS);
  const fraction = String(ns - ms * NS_PER_MS).padStart(6, '0');
  return new Date(Number(ms)).toISOString().replace('Z', `${fraction}Z`);
}

/** Whole ms at or before the time. */
export function dateOf(ns: bigint): Date {
  return new Date(Number(floorDiv(ns, NS_PER_MS)));
}

/** Division that rounds towards minus infinity, for times before 1970. */
function floorDiv(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}

export function minOf(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

export function maxOf(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

/** The union of ranges, ascending, touching ones joined. */
export function mergeSpans(spans: Iterable<Span>): Span[] {
  const sorted = [...spans].filter((span) => span.from < span.to);
  sorted.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const merged: { from: bigint; to: bigint }[] = [];
  for (const span of sorted) {
    const last = merged.at(-1);
    if (last && span.from <= last.to) last.to = maxOf(last.to, span.to);
    else merged.push({ from: span.from, to: span.to });
  }
  return merged;
}

function dateToNs(value: unknown, name: string): bigint {
  // By its method, not `instanceof`: a Date of another realm is one as well.
  const ms =
    typeof (value as Date | null)?.getTime === 'function' ? (value as Date).getTime() : NaN;
  if (!Number.isFinite(ms))
    throw new QueryError('BAD_RANGE', `${name} is neither a bigint of ns UTC nor a valid Date`);
  return BigInt(ms) * NS_PER_MS;
}
