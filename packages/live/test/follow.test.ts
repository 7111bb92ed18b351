import { describe, expect, test } from '@jest/globals';
import type { FollowBatch, LiveBuffer, LiveReader } from '@tb/live';
import { batchOf, DATE, OPEN, SECOND, stage, ticks } from './fixture.ts';

/** Follows until a seq was seen, and returns every seq with its price. */
async function collect(
  reader: LiveReader,
  through: bigint,
  options: { from?: bigint; symbols?: string[] } = {},
): Promise<{ seqs: bigint[]; prices: number[] }> {
  const stop = new AbortController();
  const seqs: bigint[] = [];
  const prices: number[] = [];
  const take = (batch: FollowBatch): void => {
    seqs.push(...batch.seq);
    prices.push(...batch.price);
    if (batch.watermark.seq >= through) stop.abort();
  };
  for await (const batch of reader.follow({ pollMs: 1, signal: stop.signal, ...options }))
    take(batch);
  return { seqs, prices };
}

const upTo = (seq: bigint, from = 1n): bigint[] =>
  Array.from({ length: Number(seq - from + 1n) }, (_, i) => from + BigInt(i));

async function clear(buffer: LiveBuffer, date: string): Promise<void> {
  const { frozenSeq } = await buffer.freeze(date);
  const day = buffer.days().find(({ tradingDate }) => tradingDate === date)!;
  await buffer.clear(date, {
    publishedProof: { manifestVersion: 1, frozenSeq, tickRows: day.rows, candleRows: day.candles },
  });
}

describe('follow', () => {
  test('hands over what is committed from now on, once and in order', async () => {
    await using at = stage('follow');
    const buffer = await at.open();
    await buffer.append(ticks(10));
    const following = collect(at.reader(), 60n);
    for (let i = 1; i <= 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      await buffer.append(ticks(10, OPEN + BigInt(i) * SECOND));
    }
    expect((await following).seqs).toEqual(upTo(60n, 11n));
  });

  test('starts anywhere: in segments, compacted ones, the tail, and late rows, without gap or repeat', async () => {
    await using at = stage('anywhere');
    const buffer = await at.open({ seal: { auto: false, compactCount: 3 } });
    const next = '2026-02-03';
    const nextOpen = OPEN + 24n * 3600n * SECOND;
    for (let i = 0; i < 4; i++) {
      await buffer.append(ticks(700, OPEN + BigInt(i) * SECOND));
      await buffer.append(ticks(300, nextOpen + BigInt(i) * SECOND, 'NEXT'));
      if (i < 3) await buffer.seal();
    }
    await buffer.compact();
    await buffer.freeze(DATE);
    await buffer.append(ticks(50, OPEN));
    await buffer.append(ticks(5, nextOpen, 'NEXT'));
    const reader = at.reader();
    const snapshot = reader.snapshot();
    expect(snapshot.segments.map(({ tradingDate }) => tradingDate)).toEqual([DATE, next]);
    expect(snapshot.late.map(({ rows }) => rows)).toEqual([50]);
    for (const from of [1n, 2n, 700n, 701n, 2_345n, 3_001n, 4_049n, 4_055n]) {
      const { seqs } = await collect(reader, 4_055n, { from });
      expect(seqs).toEqual(upTo(4_055n, from));
    }
    const all = await collect(reader, 4_055n, { from: 1n });
    expect(all.prices.slice(0, 1_001)).toEqual([...ticks(700).price, ...ticks(300).price, 1]);
  });

  test('some symbols alone, also one that appears later; the watermark moves with all rows', async () => {
    await using at = stage('symbols');
    const buffer = await at.open();
    await buffer.append(ticks(10, OPEN, 'A'));
    const following = collect(at.reader(), 31n, { symbols: ['A', 'LATER'], from: 1n });
    await buffer.append(ticks(10, OPEN, 'B'));
    await buffer.append(ticks(10, OPEN, 'LATER'));
    await buffer.append(ticks(1, OPEN, 'A'));
    expect((await following).seqs).toEqual([...upTo(10n), ...upTo(31n, 21n)]);
  });

  test('goes on over seals, compactions and absorbed late rows while they happen', async () => {
    await using at = stage('moving');
    const buffer = await at.open({ seal: { auto: false, compactCount: 2, garbageMs: 0 } });
    const total = 30 * 100;
    const following = collect(at.reader(), BigInt(total), { from: 1n });
    for (let i = 0; i < 30; i++) {
      await buffer.append(ticks(100, OPEN + BigInt(i) * SECOND));
      if (i % 10 === 4) await buffer.seal();
      if (i === 19) await buffer.freeze(DATE);
      if (i === 24) {
        await buffer.compact();
        await buffer.sweepGarbage();
        await buffer.absorbLate(DATE);
      }
    }
    const { seqs, prices } = await following;
    expect(seqs).toEqual(upTo(BigInt(total)));
    expect(prices).toEqual(Array.from({ length: 30 }, () => [...ticks(100).price]).flat());
  });

  test('a position that has left for the history is an error, and never a hole', async () => {
    await using at = stage('cleared');
    const buffer = await at.open();
    await buffer.append(ticks(10));
    await buffer.append(batchOf([['N', OPEN + 24n * 3600n * SECOND, 1]]));
    await clear(buffer, DATE);
    const reader = at.reader();
    await expect(collect(reader, 11n, { from: 1n })).rejects.toMatchObject({
      code: 'POSITION_CLEARED',
    });
    expect((await collect(reader, 11n, { from: 11n })).seqs).toEqual([11n]);
  });

  test('ends when the reader is closed', async () => {
    await using at = stage('end');
    await at.open();
    const reader = at.reader();
    const following = collect(reader, 1_000n);
    await new Promise((resolve) => setTimeout(resolve, 20));
    reader.close();
    expect((await following).seqs).toEqual([]);
  });
});
