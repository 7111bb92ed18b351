/**
 * ns since 1970 UTC as ISO 8601 UTC, with as many digits of a second as the value has: none, 3, 6 or 9.
 * `2013-10-07T13:30:00.094Z`
 */
export function timeText(ns: bigint): string {
  const fraction = ((ns % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = new Date(Number((ns - fraction) / 1_000_000n)).toISOString().slice(0, -5);
  if (fraction === 0n) return `${seconds}Z`;
  const digits = String(fraction).padStart(9, '0');
  const kept = digits.endsWith('000000') ? 3 : digits.endsWith('000') ? 6 : 9;
  return `${seconds}.${digits.slice(0, kept)}Z`;
}
