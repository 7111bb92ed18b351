import { describe, expect, test } from '@jest/globals';
import { type GeneratedBatch, generateTicks } from '@tb/simulator';

const day = { openNs: 1_770_003_900_000_000_000n, closeNs: 1_770_026_400_000_000_000n };
const collect = (seed: number, rows = 20_000): GeneratedBatch[] => [
  ...generateTicks({ seed, symbols: 20, rows, ...day }),
];

describe('generated ticks', () => {
  test('equal seeds give equal ticks, another seed others', () => {
    expect(collect(1)).toEqual(collect(1));
    expect(collect(2)[0]?.price).not.toEqual(collect(1)[0]?.price);
  });

  test('they look like a feed: equal stamps, late arrivals, a symbol that goes quiet, absent quotes', () => {
    const batches = collect(3);
    const ts = batches.flatMap((batch) => [...batch.ts]);
    expect(ts.length).toBe(20_000);
    expect(new Set(ts).size).toBeLessThan(ts.length * 0.75);
    expect(ts.some((value, at) => at > 0 && value < ts[at - 1]!)).toBe(true);
    expect(ts.every((value) => value >= day.openNs && value < day.closeNs)).toBe(true);
    const names = batches.flatMap((batch) => batch.symbol);
    const lastOfQuiet = Math.max(
      ...names.flatMap((name, at) =>
        name === 'NSE_EQ|TEST0020' ? [Number(ts[at]! - day.openNs)] : [],
      ),
    );
    expect(lastOfQuiet).toBeLessThan(Number(day.closeNs - day.openNs) / 3 + 1);
    expect(batches.some((batch) => batch.bid.some(Number.isNaN))).toBe(true);
  });

  test('an empty session is refused', () => {
    expect(() => [
      ...generateTicks({ seed: 1, symbols: 1, rows: 1, openNs: 5n, closeNs: 5n }),
    ]).toThrow(RangeError);
  });
});
