import type { TickBatch } from '@tb/schema';
import type { Random } from '@tb/testkit';

export const SYMBOLS = 120;

/** A batch of ticks of 120 symbols: rising times, prices on a grid, quotes present. */
export function tickBatch(rng: Random, rows: number, firstTs: bigint, stepNs: bigint): TickBatch {
  const ts = new BigInt64Array(rows);
  const price = new Float64Array(rows);
  const volume = new Float64Array(rows);
  const bid = new Float64Array(rows);
  const ask = new Float64Array(rows);
  const symbol: string[] = [];
  for (let row = 0; row < rows; row++) {
    symbol.push(`S${rng.below(SYMBOLS)}`);
    ts[row] = firstTs + BigInt(row) * stepNs;
    price[row] = rng.between(2_000, 4_000) / 20;
    volume[row] = rng.between(1, 500);
    bid[row] = price[row]! - 0.05;
    ask[row] = price[row]! + 0.05;
  }
  return { symbol, ts, price, volume, bid, ask };
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
