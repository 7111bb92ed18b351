import { describe, expect, test } from '@jest/globals';
import type { LiveBuffer, PublishedProof } from '@tb/live';
import { batchOf, calendar, DATE, MINUTE, OPEN, SECOND, stage, ticks } from './fixture.ts';

function proofOf(buffer: LiveBuffer, date = DATE): PublishedProof {
  const day = buffer.days().find(({ tradingDate }) => tradingDate === date)!;
  return {
    manifestVersion: 1,
    frozenSeq: day.frozenSeq ?? 0n,
    tickRows: day.rows,
    candleRows: day.candles,
  };
}

describe('a frozen date', () => {
  test('keeps its rows; what comes later is durable, counted and set aside', async () => {
    await using at = stage('freeze');
    const buffer = await at.open();
    await buffer.append(ticks(10));
    const { frozenSeq } = await buffer.freeze(DATE);
    expect(frozenSeq).toBe(10n);
    const ack = await buffer.append(ticks(4, OPEN + MINUTE));
    expect(ack).toMatchObject({ rows: 4, late: 4, firstSeq: 11n });
    expect(await buffer.freeze(DATE)).toEqual({ frozenSeq: 10n });
    expect(buffer.days()).toMatchObject([
      { state: 'frozen', frozenSeq: 10n, rows: 10, lateRows: 4 },
    ]);
    const snapshot = at.reader().snapshot();
    expect(snapshot.tail.map(({ lastSeq }) => lastSeq)).toEqual([10n]);
    expect(snapshot.late.map(({ lastSeq }) => lastSeq)).toEqual([14n]);
    expect(snapshot.candles(DATE, { forming: true }).rows).toBe(1);
    await buffer.close();
    expect((await at.open()).days()).toMatchObject([{ state: 'frozen', lateRows: 4 }]);
  });

  test('has closed candles only, and refuses supplied ones', async () => {
    await using at = stage('closed');
    const buffer = await at.open();
    await buffer.append(ticks(10));
    await buffer.freeze(DATE);
    expect(at.reader().snapshot().forming).toEqual([]);
    expect(buffer.days()[0]!.candles).toBe(1);
    const one = Float64Array.of(1);
    const candle = {
      symbol: 'X',
      ts: BigInt64Array.of(OPEN),
      open: one,
      high: one,
      low: one,
      close: one,
      volume: one,
    };
    expect((await buffer.appendCandles(candle)).rejected).toEqual([
      { row: 0, reason: 'day_frozen' },
    ]);
  });

  test('takes its late rows in under their own seqs, candles included', async () => {
    await using at = stage('absorb');
    const buffer = await at.open();
    await buffer.append(batchOf([['A', OPEN + SECOND, 10]]));
    await buffer.freeze(DATE);
    await buffer.append(batchOf([['A', OPEN, 9]]));
    await buffer.append(batchOf([['A', OPEN + MINUTE, 12]]));
    const reader = at.reader();
    reader.snapshot();
    expect(await buffer.absorbLate(DATE)).toEqual({ frozenSeq: 3n, rows: 2 });
    expect(await buffer.absorbLate(DATE)).toEqual({ frozenSeq: 3n, rows: 0 });
    const snapshot = reader.snapshot();
    expect(snapshot.tail.map(({ firstSeq }) => firstSeq)).toEqual([1n, 2n, 3n]);
    expect(snapshot.late).toEqual([]);
    const candles = snapshot.candles(DATE);
    expect([[...candles.open], [...candles.close]]).toEqual([
      [9, 12],
      [10, 12],
    ]);
    expect(snapshot.forming).toEqual([]);
    expect((await buffer.seal()).map(({ rows }) => rows)).toEqual([3]);
  });

  test('is not frozen before it has a row, and late rows join no open date', async () => {
    await using at = stage('state');
    const buffer = await at.open();
    await expect(buffer.freeze(DATE)).rejects.toMatchObject({ code: 'DAY_STATE' });
    await buffer.append(ticks(1));
    await expect(buffer.absorbLate(DATE)).rejects.toMatchObject({ code: 'DAY_STATE' });
    await expect(buffer.clear(DATE, { publishedProof: proofOf(buffer) })).rejects.toMatchObject({
      code: 'DAY_STATE',
    });
  });
});

describe('clearing a date', () => {
  test('removes ticks, segments and candles of that date alone, once', async () => {
    await using at = stage('clear');
    const buffer = await at.open({ seal: { auto: false, garbageMs: 0 } });
    const next = calendar.nextSession(DATE);
    await buffer.append(ticks(10));
    await buffer.seal();
    await buffer.append(ticks(10, OPEN + MINUTE));
    await buffer.append(ticks(3, next.open, 'NEXT'));
    await buffer.freeze(DATE);
    const proof = proofOf(buffer);
    expect(proof).toMatchObject({ tickRows: 20, candleRows: 2 });
    const reader = at.reader();
    const [segment] = reader.snapshot().segments;
    expect(await buffer.clear(DATE, { publishedProof: proof })).toBe(true);
    expect(await buffer.clear(DATE, { publishedProof: proof })).toBe(false);
    const snapshot = reader.snapshot();
    expect(snapshot.days).toMatchObject([
      { tradingDate: DATE, state: 'cleared', rows: 0, candles: 0 },
      { tradingDate: next.tradingDate, state: 'open', rows: 3 },
    ]);
    expect([snapshot.segments.length, snapshot.tail.length, snapshot.candles(DATE).rows]).toEqual([
      0, 1, 0,
    ]);
    expect([...snapshot.latest().keys()]).toEqual([snapshot.sidOf('NEXT')]);
    expect(await buffer.sweepGarbage()).toBe(1);
    expect(await buffer.sweepGarbage()).toBe(0);
    await expect(
      import('node:fs/promises').then(({ stat }) => stat(segment!.path)),
    ).rejects.toThrow(/ENOENT/);
  });

  test('leaves the closed candles of another date where they are', async () => {
    await using at = stage('clear-two');
    const buffer = await at.open();
    const next = calendar.nextSession(DATE);
    await buffer.append(ticks(10));
    await buffer.append(ticks(10, next.open, 'NEXT'));
    await buffer.append(ticks(10, next.open + MINUTE, 'NEXT'));
    expect(buffer.dayState(DATE)).toEqual({
      ...{ tradingDate: DATE, state: 'open', frozenSeq: undefined },
      ...{ rows: 10, lateRows: 0 },
    });
    await buffer.freeze(DATE);
    expect(await buffer.clear(DATE, { publishedProof: proofOf(buffer) })).toBe(true);
    expect(buffer.dayState(DATE)).toMatchObject({ state: 'cleared', rows: 0 });
    expect(buffer.dayState('2020-01-01')).toBeUndefined();
    const snapshot = at.reader().snapshot();
    expect(snapshot.candles(DATE).rows).toBe(0);
    expect(snapshot.candles(next.tradingDate).rows).toBe(1);
  });

  test('is refused unless exactly these rows were published', async () => {
    await using at = stage('proof');
    const buffer = await at.open();
    await buffer.append(ticks(10));
    await buffer.freeze(DATE);
    const proof = proofOf(buffer);
    const wrong: Partial<PublishedProof>[] = [
      { frozenSeq: 9n },
      { tickRows: 9 },
      { tickRows: 11 },
      { candleRows: 0 },
    ];
    for (const change of wrong)
      await expect(
        buffer.clear(DATE, { publishedProof: { ...proof, ...change } }),
      ).rejects.toMatchObject({ code: 'NOT_PUBLISHED' });
    expect(buffer.days()).toMatchObject([{ state: 'frozen', rows: 10 }]);
  });

  test('leaves late rows until a correction has them, and never opens the date again', async () => {
    await using at = stage('late');
    const buffer = await at.open();
    await buffer.append(ticks(10));
    await buffer.freeze(DATE);
    await buffer.append(ticks(2));
    await buffer.clear(DATE, { publishedProof: proofOf(buffer) });
    expect(await buffer.append(ticks(3))).toMatchObject({ late: 3 });
    await buffer.close();
    const again = await at.open();
    expect(await again.append(ticks(1))).toMatchObject({ late: 1, firstSeq: 16n });
    await expect(again.freeze(DATE)).rejects.toMatchObject({ code: 'DAY_STATE' });
    const late = at.reader().snapshot().late;
    expect(late.map(({ rows }) => rows)).toEqual([2, 3, 1]);
    expect(await again.clearLate(DATE, late[1]!.lastSeq)).toBe(5);
    expect(again.days()).toMatchObject([{ state: 'cleared', lateRows: 1 }]);
  });
});

describe('candles by the clock', () => {
  test('close when the session clock has passed them by the lateness, without a further tick', async () => {
    await using at = stage('clock');
    let now = OPEN + SECOND;
    const buffer = await at.open({ now: () => now, heartbeatMs: 5, latenessMs: 2_000 });
    await buffer.append(
      batchOf([
        ['A', OPEN, 10],
        ['B', OPEN + MINUTE, 20],
      ]),
    );
    const reader = at.reader();
    const forming = (): number[] => reader.snapshot().forming.map(({ sid }) => sid);
    const until = async (expected: number[]): Promise<void> => {
      while (forming().join() !== expected.join())
        await new Promise((resolve) => setTimeout(resolve, 2));
    };
    await until([1, 2]);
    now = OPEN + MINUTE + SECOND;
    await until([1, 2]);
    now = OPEN + MINUTE + 2n * SECOND;
    await until([2]);
    expect([...reader.snapshot().candles(DATE).close]).toEqual([10]);
    await buffer.append(batchOf([['A', OPEN + SECOND, 11]]));
    expect([...reader.snapshot().candles(DATE).close]).toEqual([11]);
    expect(forming()).toEqual([2]);
  });
});

describe('coverage', () => {
  test('grows with the heartbeat while a feed is connected', async () => {
    await using at = stage('coverage');
    let now = OPEN;
    const buffer = await at.open({ now: () => now, heartbeatMs: 5 });
    await buffer.feedConnected('f');
    now = OPEN + MINUTE;
    const reader = at.reader();
    while (reader.snapshot().coverage[0]?.to !== now)
      await new Promise((resolve) => setTimeout(resolve, 2));
    now = OPEN + 2n * MINUTE;
    await buffer.feedDisconnected('f');
    now = OPEN + 3n * MINUTE;
    await buffer.feedConnected('f');
    await buffer.close();
    expect(reader.snapshot().coverage).toMatchObject([
      { source: 'f', from: OPEN, to: OPEN + 2n * MINUTE },
      { source: 'f', from: OPEN + 3n * MINUTE },
    ]);
  });
});
