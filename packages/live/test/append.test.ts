import { describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import type { LiveSnapshot, SymbolRegistry } from '@tb/live';
import {
  batchOf,
  calendar,
  DATE,
  FakeRegistry,
  MINUTE,
  OPEN,
  SECOND,
  stage,
  ticks,
} from './fixture.ts';

const pricesOf = (snapshot: LiveSnapshot): number[] =>
  snapshot.tail.flatMap((chunk) => [...chunk.price]);

describe('append', () => {
  test('answers with the seqs under which the rows are stored', async () => {
    await using at = stage('ack');
    const buffer = await at.open();
    const first = await buffer.append(ticks(3));
    const second = await buffer.append(ticks(2, OPEN + SECOND));
    expect(first).toEqual({
      firstSeq: 1n,
      lastSeq: 3n,
      rows: 3,
      duplicates: 0,
      rejected: [],
      late: 0,
      epoch: buffer.epoch,
    });
    expect([second.firstSeq, second.lastSeq]).toEqual([4n, 5n]);
    const snapshot = at.reader().snapshot();
    expect(snapshot.seq).toBe(5n);
    expect(snapshot.tail.flatMap((chunk) => [...chunk.seq])).toEqual([1n, 2n, 3n, 4n, 5n]);
  });

  test('calls that are not awaited are stored in their order', async () => {
    await using at = stage('order');
    const buffer = await at.open();
    const acks = await Promise.all(
      Array.from({ length: 50 }, (_, call) =>
        buffer.append(ticks(30, OPEN + BigInt(call) * SECOND)),
      ),
    );
    expect(acks.map(({ firstSeq }) => firstSeq)).toEqual(
      Array.from({ length: 50 }, (_, call) => BigInt(call * 30 + 1)),
    );
    expect(at.reader().snapshot().seq).toBe(1_500n);
  });

  test('a batch larger than one transaction is stored whole and in order', async () => {
    await using at = stage('large');
    const buffer = await at.open();
    const ack = await buffer.append(ticks(20_000));
    expect([ack.rows, ack.firstSeq, ack.lastSeq]).toEqual([20_000, 1n, 20_000n]);
    expect(pricesOf(at.reader().snapshot())).toEqual(
      Array.from({ length: 20_000 }, (_, i) => i + 1),
    );
  });

  test('times keep every ns, above 2^53 too', async () => {
    await using at = stage('ns');
    const buffer = await at.open();
    const times = [OPEN + 1n, OPEN + 7n, OPEN + 999_999_993n];
    await buffer.append(batchOf(times.map((ts) => ['A', ts, 1])));
    const [chunk] = at.reader().snapshot().tail;
    expect([...chunk!.ts]).toEqual(times);
    expect(times[2]! > 2n ** 53n).toBe(true);
  });

  test('single ticks of one turn share a transaction, and each has its own ack', async () => {
    await using at = stage('tick');
    const buffer = await at.open();
    const acks = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        buffer.appendTick({
          symbol: `S${i % 3}`,
          ts: OPEN + BigInt(i),
          price: 1 + i,
          volume: 1,
          bid: i,
        }),
      ),
    );
    expect(acks.map(({ lastSeq }) => lastSeq)).toEqual(acks.map((_, i) => BigInt(i + 1)));
    const snapshot = at.reader().snapshot();
    expect(snapshot.tail.length).toBe(1);
    expect(snapshot.tail[0]!.bid[7]).toBe(7);
    expect(snapshot.tail[0]!.ask[7]).toBeNaN();
  });

  test('an empty batch is acknowledged and stores nothing', async () => {
    await using at = stage('empty');
    const buffer = await at.open();
    expect(await buffer.append(ticks(0))).toMatchObject({ rows: 0, firstSeq: undefined });
    expect(buffer.days()).toEqual([]);
  });

  test('refuses columns of unequal length and of another type before anything is queued', async () => {
    await using at = stage('shape');
    const buffer = await at.open();
    const good = ticks(3);
    await expect(buffer.append({ ...good, price: new Float64Array(2) })).rejects.toThrow(
      /price has 2 rows/,
    );
    await expect(buffer.append({ ...good, symbol: ['A'] })).rejects.toThrow(/symbol has 1 rows/);
    const numbers = [1, 2, 3] as unknown as Float64Array;
    await expect(buffer.append({ ...good, volume: numbers })).rejects.toThrow(/Float64Array/);
    await expect(
      buffer.append({ ...good, sourceSeq: BigInt64Array.of(1n, 2n, 3n) }),
    ).rejects.toThrow(/source/);
    await expect(
      buffer.append({ ...good, source: 'f', sourceSeq: BigInt64Array.of(1n, 3n, 2n) }),
    ).rejects.toThrow(/falls from 3 to 2/);
    await expect(buffer.append(good, { tradingDate: '2026-02-30' })).rejects.toMatchObject({
      code: 'BAD_NAME',
    });
    expect(at.reader().snapshot().seq).toBe(0n);
  });
});

describe('rows that are not accepted', () => {
  test('are named with their reason, counted, and the others are stored', async () => {
    await using at = stage('reject');
    const buffer = await at.open();
    const ack = await buffer.append(
      batchOf([
        ['A', OPEN, 1],
        ['A', OPEN, Number.NaN],
        ['A', OPEN, 0],
        ['A', OPEN, Number.POSITIVE_INFINITY],
        ['A', OPEN, -37.63],
        ['A', OPEN, 1, -1],
        ['A', OPEN, 1, Number.NaN],
        ['A', OPEN, 1, 0],
        ['', OPEN, 1],
        ['A\nB', OPEN, 1],
        ['A', OPEN - 48n * 60n * MINUTE, 1], // a Saturday; the Sunday before was a session, for the budget
        ['A', OPEN - 24n * 60n * MINUTE, 1],
      ]),
    );
    expect(ack.rejected).toEqual([
      { row: 1, reason: 'bad_price' },
      { row: 2, reason: 'bad_price' },
      { row: 3, reason: 'bad_price' },
      { row: 4, reason: 'bad_price' },
      { row: 5, reason: 'bad_volume' },
      { row: 6, reason: 'bad_volume' },
      { row: 8, reason: 'bad_symbol' },
      { row: 9, reason: 'bad_symbol' },
      { row: 10, reason: 'no_session' },
    ]);
    expect(ack.rows).toBe(3);
    expect(pricesOf(at.reader().snapshot())).toEqual([1, 1, 1]);
    expect(buffer.metrics()).toMatchObject({ rows: 3, rejected: 9 });
  });

  test('an infinite quote is refused, an absent one is not', async () => {
    await using at = stage('quote');
    const buffer = await at.open();
    const ack = await buffer.append({
      ...ticks(3),
      bid: Float64Array.of(1, Number.NaN, Number.NEGATIVE_INFINITY),
      ask: Float64Array.of(2, Number.NaN, 1),
    });
    expect(ack.rejected).toEqual([{ row: 2, reason: 'bad_quote' }]);
  });

  test('a named trading date accepts its window and nothing else', async () => {
    await using at = stage('date');
    const buffer = await at.open();
    const next = calendar.nextSession(DATE);
    const rows = batchOf([
      ['A', OPEN, 1],
      ['A', next.open, 2],
    ]);
    expect((await buffer.append(rows, { tradingDate: DATE })).rejected).toEqual([
      { row: 1, reason: 'outside_window' },
    ]);
    expect((await buffer.append(rows, { tradingDate: '2026-02-01' })).rejected).toHaveLength(2);
    expect((await buffer.append(rows)).rejected).toEqual([]);
    expect(buffer.days().map((day) => [day.tradingDate, day.rows])).toEqual([
      [DATE, 2],
      [next.tradingDate, 1],
    ]);
  });

  test('prices of 16:00:00.7 and 04:00 in New York, and 15:40 in India, belong to their date', async () => {
    await using us = stage('us', 'xnas');
    const session = calendarOf('xnas').sessionOf('2013-10-07')!;
    const late = await (await us.open()).append(
      batchOf([
        ['SPY', session.close + 735_000_000n, 167.42],
        ['SPY', session.open - 330n * MINUTE, 167],
      ]),
    );
    expect(late.rejected).toEqual([]);
    await using india = stage('in');
    const closing = calendar.sessionOf(DATE)!.close + 10n * MINUTE;
    expect((await (await india.open()).append(batchOf([['A', closing, 1]]))).rows).toBe(1);
  });
});

describe('a source with numbers of its own', () => {
  test('is stored once, whatever is delivered again, across restarts', async () => {
    await using at = stage('source');
    const rows = Array.from({ length: 10 }, (_, i) => ['A', OPEN + BigInt(i), i + 1] as const);
    const first = await at.open();
    await first.append(batchOf(rows.slice(0, 6), 'feed', 1n));
    expect(await first.append(batchOf(rows.slice(3, 8), 'feed', 4n))).toMatchObject({
      rows: 2,
      duplicates: 3,
    });
    await first.close();
    const second = await at.open();
    expect(await second.append(batchOf(rows, 'feed', 1n))).toMatchObject({
      rows: 2,
      duplicates: 8,
    });
    expect(await second.append(batchOf(rows, 'other', 1n))).toMatchObject({
      rows: 10,
      duplicates: 0,
    });
    expect(pricesOf(at.reader().snapshot()).slice(0, 10)).toEqual(rows.map(([, , price]) => price));
  });

  test('equal rows without numbers are separate trades', async () => {
    await using at = stage('equal');
    const buffer = await at.open();
    const twice = batchOf([
      ['A', OPEN, 1],
      ['A', OPEN, 1],
    ]);
    expect((await buffer.append(twice)).rows).toBe(2);
    expect((await buffer.append(twice)).rows).toBe(2);
  });

  test('a repeated number inside a batch is dropped once', async () => {
    await using at = stage('repeat');
    const buffer = await at.open();
    const ack = await buffer.append({
      ...ticks(3),
      source: 'f',
      sourceSeq: BigInt64Array.of(1n, 1n, 2n),
    });
    expect(ack).toMatchObject({ rows: 2, duplicates: 1 });
    expect([buffer.lastSourceSeq('f'), buffer.lastSourceSeq('g')]).toEqual([2n, undefined]);
    await buffer.close();
    expect((await at.open()).lastSourceSeq('f')).toBe(2n); // where a feed goes on after a restart
  });
});

describe('supplied candles', () => {
  const candles = (start: bigint, close: number) => ({
    symbol: 'IDX',
    ts: BigInt64Array.of(start, start + MINUTE),
    open: Float64Array.of(10, 11),
    high: Float64Array.of(12, 13),
    low: Float64Array.of(9, 10),
    close: Float64Array.of(11, close),
    volume: Float64Array.of(0, 5),
  });

  test('are kept as they came; the same again is a duplicate, another one revises', async () => {
    await using at = stage('supplied');
    const buffer = await at.open();
    expect(await buffer.appendCandles(candles(OPEN, 12))).toMatchObject({
      rows: 2,
      firstSeq: undefined,
    });
    expect(await buffer.appendCandles(candles(OPEN, 12))).toMatchObject({ rows: 0, duplicates: 2 });
    expect(await buffer.appendCandles(candles(OPEN, 12.5))).toMatchObject({
      rows: 1,
      duplicates: 1,
    });
    const stored = at.reader().snapshot().candles(DATE);
    expect([...stored.ts]).toEqual([OPEN, OPEN + MINUTE]);
    expect([...stored.close]).toEqual([11, 12.5]);
  });

  test('a symbol and date has candles of one origin: the other is refused', async () => {
    await using at = stage('origin');
    const buffer = await at.open();
    await buffer.appendCandles(candles(OPEN, 12));
    expect((await buffer.append(ticks(1, OPEN, 'IDX'))).rejected).toEqual([
      { row: 0, reason: 'other_origin' },
    ]);
    await buffer.append(ticks(1, OPEN, 'TICKED'));
    const supplied = { ...candles(OPEN, 12), symbol: 'TICKED' };
    expect((await buffer.appendCandles(supplied)).rejected.map(({ reason }) => reason)).toEqual([
      'other_origin',
      'other_origin',
    ]);
    await buffer.close();
    const again = await at.open();
    expect((await again.append(ticks(1, OPEN, 'IDX'))).rejected).toHaveLength(1);
    expect((await again.appendCandles(supplied)).rejected).toHaveLength(2);
  });

  test('impossible and misaligned ones are refused with their reason', async () => {
    await using at = stage('impossible');
    const buffer = await at.open();
    const good = candles(OPEN, 12);
    const reasons = async (change: object): Promise<string[]> =>
      (await buffer.appendCandles({ ...good, ...change })).rejected.map(({ reason }) => reason);
    expect(await reasons({ high: Float64Array.of(10.5, 13) })).toEqual(['bad_candle']);
    expect(await reasons({ low: Float64Array.of(9, 11.5) })).toEqual(['bad_candle']);
    expect(await reasons({ volume: Float64Array.of(-1, 5) })).toEqual(['bad_volume']);
    expect(await reasons({ ts: BigInt64Array.of(OPEN + 1n, OPEN + MINUTE) })).toEqual([
      'misaligned',
    ]);
  });
});

describe('back-pressure', () => {
  const slow = (): SymbolRegistry & { release(): void } => {
    const inner = new FakeRegistry();
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    return { release, sidsOf: async (...all) => gate.then(() => inner.sidsOf(...all)) };
  };

  test('refuse: a full queue rejects with BACKPRESSURE, and what was queued is stored', async () => {
    await using at = stage('refuse');
    const registry = slow();
    const buffer = await at.open({ registry, backpressure: { maxRows: 100 } });
    const queued = buffer.append(ticks(90));
    await expect(buffer.append(ticks(11))).rejects.toMatchObject({
      code: 'BACKPRESSURE',
      retryable: true,
    });
    registry.release();
    expect((await queued).rows).toBe(90);
    expect(buffer.metrics().refused).toBe(11);
    expect((await buffer.append(ticks(11))).rows).toBe(11);
  });

  test('block: a call waits for room and loses nothing', async () => {
    await using at = stage('block');
    const registry = slow();
    const buffer = await at.open({ registry, backpressure: { policy: 'block', maxRows: 100 } });
    const calls = Array.from({ length: 10 }, () => buffer.append(ticks(60)));
    expect(buffer.metrics().queueRows).toBe(60);
    registry.release();
    const acks = await Promise.all(calls);
    expect(acks.map(({ firstSeq }) => firstSeq)).toEqual(
      acks.map((_, call) => BigInt(call * 60 + 1)),
    );
  });

  test('dropOldest: what is dropped is an error, a count, an event and a hole in coverage', async () => {
    await using at = stage('drop');
    const registry = slow();
    const dropped: number[] = [];
    const buffer = await at.open({
      registry,
      flushRows: 1_000,
      flushMs: 50,
      backpressure: { policy: 'dropOldest', maxRows: 100 },
      onEvent: (event) => event.type === 'rows_dropped' && dropped.push(event.rows),
    });
    await buffer.feedConnected('f');
    const first = buffer.append(batchOf([['A', OPEN, 1]], 'f'));
    const oldest = buffer.append({ ...ticks(60, OPEN + 2n * SECOND), source: 'f' });
    const newest = buffer.append({ ...ticks(60, OPEN + 3n * SECOND), source: 'f' });
    await expect(first).rejects.toMatchObject({ code: 'ROWS_DROPPED' });
    await expect(oldest).rejects.toMatchObject({ code: 'ROWS_DROPPED' });
    registry.release();
    expect((await newest).rows).toBe(60);
    expect(dropped).toEqual([1, 60]);
    expect(buffer.metrics().dropped).toBe(61);
    await buffer.feedDisconnected('f');
    const inHole = OPEN + 2n * SECOND;
    const covered = at
      .reader()
      .snapshot()
      .coverage.some(({ from, to }) => from <= inHole && inHole < to);
    expect(covered).toBe(false);
  });

  test('backfill waits until nothing live waits', async () => {
    await using at = stage('backfill');
    const registry = slow();
    const buffer = await at.open({ registry });
    const order: string[] = [];
    const note = (name: string) => () => order.push(name);
    const held = buffer.append(ticks(10)).then(note('first'));
    await new Promise((resolve) => setImmediate(resolve));
    const backfill = buffer.append(ticks(10), { backfill: true }).then(note('backfill'));
    const live = buffer.append(ticks(10)).then(note('live'));
    registry.release();
    await Promise.all([held, backfill, live]);
    expect(order).toEqual(['first', 'live', 'backfill']);
  });
});

describe('symbols', () => {
  test('get their sid from the registry once, with the date of their first tick', async () => {
    await using at = stage('sid');
    const buffer = await at.open();
    await buffer.append(ticks(3, OPEN, 'B'));
    await buffer.append(ticks(3, OPEN, 'B'));
    await buffer.append(
      batchOf([
        ['A', OPEN, 1],
        ['B', OPEN, 1],
        ['C', OPEN, 1],
      ]),
    );
    expect(at.registry.calls).toEqual([
      { symbols: ['B'], tradingDate: DATE },
      { symbols: ['A', 'C'], tradingDate: DATE },
    ]);
    const snapshot = at.reader().snapshot();
    expect(snapshot.sidOf('B')).toBe(1);
    expect(snapshot.symbolOf(3)).toBe('C');
  });

  test('a registry that fails rejects its call alone, and is asked again', async () => {
    await using at = stage('registry');
    const inner = new FakeRegistry();
    let broken = true;
    const buffer = await at.open({
      registry: {
        sidsOf: async (exchange, symbols, date) => {
          if (broken && symbols.includes('BAD')) throw new Error('manifest is locked');
          return inner.sidsOf(exchange, symbols, date);
        },
      },
    });
    const [good, bad] = await Promise.allSettled([
      buffer.append(ticks(2, OPEN, 'GOOD')),
      buffer.append(ticks(2, OPEN, 'BAD')),
    ]);
    expect(good.status).toBe('fulfilled');
    expect(bad).toMatchObject({ status: 'rejected', reason: { message: 'manifest is locked' } });
    broken = false;
    expect((await buffer.append(ticks(2, OPEN, 'BAD'))).rows).toBe(2);
    expect(at.reader().snapshot().seq).toBe(4n);
  });

  test('a registry that gives one sid to two symbols is a bug, and nothing is stored under it', async () => {
    await using at = stage('twice');
    const buffer = await at.open({
      registry: {
        sidsOf: async (_exchange, symbols) => new Map(symbols.map((symbol) => [symbol, 1])),
      },
    });
    await expect(
      buffer.append(
        batchOf([
          ['A', OPEN, 1],
          ['B', OPEN, 1],
        ]),
      ),
    ).rejects.toThrow(/sid 1 to two symbols/);
    expect(at.reader().snapshot().seq).toBe(0n);
  });
});
