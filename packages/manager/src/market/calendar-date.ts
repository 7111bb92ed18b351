const DAY_NS = 86_400_000_000_000n;
const MIN_DAY = -106_751n; // 1677-09-22, where int64 ns begins
const MAX_DAY = 106_751n; // 2262-04-11

/** UTC date of a time, moved by whole days, inside the range of int64 ns. */
export function utcDate(ns: bigint, moveDays = 0): string {
  const floor = ns >= 0n ? ns / DAY_NS : -((-ns + DAY_NS - 1n) / DAY_NS);
  const moved = floor + BigInt(moveDays);
  const day = moved < MIN_DAY ? MIN_DAY : moved > MAX_DAY ? MAX_DAY : moved;
  return new Date(Number(day) * 86_400_000).toISOString().slice(0, 10);
}
