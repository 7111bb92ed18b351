/** Wall clock, ns UTC, to the millisecond. */
export function clockNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
