import { describe, expect, test } from '@jest/globals';
import { isLiveError } from '@tb/live';
import { random, seedOf } from '@tb/testkit';
import fc from 'fast-check';
import { type BatchRow, decodeTicks, encodeTicks } from '../src/codec.ts';

interface TestTick {
  readonly sid: number;
  readonly ts: bigint;
  readonly price: number;
  readonly volume: number;
  readonly bid: number;
  readonly ask: number;
}

const tick: fc.Arbitrary<TestTick> = fc.record({
  sid: fc.integer({ min: 0, max: 0x7fff_ffff }),
  ts: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  price: fc.double(),
  volume: fc.double(),
  bid: fc.double(),
  ask: fc.double(),
});

function rowOf(ticks: readonly TestTick[], firstSeq = 1n): BatchRow {
  const column = (name: 'price' | 'volume' | 'bid' | 'ask'): Float64Array =>
    Float64Array.from(ticks, (row) => row[name]);
  const { data, crc } = encodeTicks({
    rows: ticks.length,
    sid: Int32Array.from(ticks, ({ sid }) => sid),
    ts: BigInt64Array.from(ticks.map(({ ts }) => ts)),
    price: column('price'),
    volume: column('volume'),
    bid: column('bid'),
    ask: column('ask'),
  });
  return {
    first_seq: firstSeq,
    last_seq: firstSeq + BigInt(ticks.length) - 1n,
    trading_date: '2026-02-02',
    rows: BigInt(ticks.length),
    min_ts: 0n,
    max_ts: 0n,
    codec: 1n,
    crc32: BigInt(crc),
    data,
  };
}

const some = (count: number): TestTick[] => fc.sample(tick, { numRuns: count, seed: 7 });

describe('codec v1', () => {
  test('gives every tick back bit for bit, NaN, -0 and the ends of int64 included', () => {
    fc.assert(
      fc.property(
        fc.array(tick, { minLength: 1, maxLength: 40 }),
        fc.bigInt({ min: 1n, max: 2n ** 60n }),
        fc.integer({ min: 0, max: 7 }),
        (ticks, firstSeq, shift) => {
          const row = rowOf(ticks, firstSeq);
          // SQLite hands out buffers at any address.
          const moved = new Uint8Array(row.data.length + shift).subarray(shift);
          moved.set(row.data);
          const decoded = decodeTicks({ ...row, data: moved });
          expect(decoded.rows).toBe(ticks.length);
          ticks.forEach((expected, i) => {
            expect(decoded.sid[i]).toBe(expected.sid);
            expect(decoded.ts[i]).toBe(expected.ts);
            expect(decoded.seq[i]).toBe(firstSeq + BigInt(i));
            for (const name of ['price', 'volume', 'bid', 'ask'] as const)
              expect(Object.is(decoded[name][i], expected[name])).toBe(true);
          });
        },
      ),
      { seed: seedOf(), numRuns: 200 },
    );
  });

  test('takes 44 bytes a tick and a header', () => {
    expect(rowOf(some(1_000)).data.length).toBe(16 + 44 * 1_000);
  });

  test('refuses a batch with any flipped bit', () => {
    const row = rowOf(some(5));
    const rng = random(seedOf()).fork('codec');
    for (let bit = 0; bit < row.data.length * 8; bit += rng.between(1, 5)) {
      const data = row.data.slice();
      data[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => decodeTicks({ ...row, data })).toThrow(/CRC-32/);
    }
  });

  test('refuses a batch that is cut, of another codec, or of another number of rows', () => {
    const row = rowOf(some(5));
    const wrong: Partial<BatchRow>[] = [
      { codec: 2n },
      { rows: 4n, last_seq: 4n },
      { last_seq: 6n },
      { data: row.data.subarray(0, 100) },
    ];
    for (const change of wrong) {
      let error: unknown;
      try {
        decodeTicks({ ...row, ...change });
      } catch (thrown) {
        error = thrown;
      }
      expect(isLiveError(error, 'LIVE_CORRUPT')).toBe(true);
    }
  });
});
