import { describe, expect, test } from '@jest/globals';
import type { Ack, LiveBuffer, LiveBufferOptions, LiveEvent, LiveReader } from '@tb/live';
import type { TickBatch } from '@tb/schema';
import { FakeRegistry, OPEN, stage } from './fixture.ts';

/** Rows of `feed` with these numbers; the price is the number. */
function rows(numbers: readonly number[], source = 'feed', symbol = 'A'): TickBatch {
  return {
    symbol,
    ts: BigInt64Array.from(numbers, (number) => OPEN + BigInt(number) * 1_000n),
    price: Float64Array.from(numbers),
    volume: new Float64Array(numbers.length),
    source,
    sourceSeq: BigInt64Array.from(numbers, BigInt),
  };
}

const upTo = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

const storedBy = (reader: LiveReader): number[] =>
  reader.snapshot().tail.flatMap((chunk) => [...chunk.price]);

/** Lets commits fail as on a full disk, by their number from 0. */
function fullAt(...commits: readonly number[]): Partial<LiveBufferOptions> {
  let commit = 0;
  const onEvent = (event: LiveEvent): void => {
    if (event.type !== 'step' || event.step !== 'flush.before_commit') return;
    if (commits.includes(commit++))
      throw Object.assign(new Error('disk is full'), { name: 'SqliteError', code: 'SQLITE_FULL' });
  };
  return { onEvent };
}

/** `ok`, or the code (or message) of the error, of each call. */
async function outcomes(calls: readonly Promise<Ack>[]): Promise<string[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((result) =>
    result.status === 'fulfilled' ? 'ok' : (result.reason.code ?? result.reason.message),
  );
}

const send = (buffer: LiveBuffer, ...batches: readonly (readonly number[])[]): Promise<string[]> =>
  outcomes(batches.map((numbers) => buffer.append(rows(numbers))));

describe('a source whose batch was refused', () => {
  test('full disk: batches behind the failed commit are refused, and all sent again is stored once', async () => {
    await using at = stage('full');
    const buffer = await at.open(fullAt(1));
    const batches = [upTo(1, 4_000), upTo(4_001, 8_000), upTo(8_001, 12_000), upTo(12_001, 16_000)];
    // A transaction has 4,096 rows: the second one fails, with the end of batch 2 and the begin of batch 3.
    expect(await send(buffer, ...batches)).toEqual([
      'ok',
      'DISK_FULL',
      'DISK_FULL',
      'SOURCE_BEHIND',
    ]);
    expect(storedBy(at.reader())).toEqual(upTo(1, 4_096));
    expect(await send(buffer, upTo(16_001, 16_010))).toEqual(['SOURCE_BEHIND']);
    expect(await send(buffer, ...batches, upTo(16_001, 16_010))).toEqual(Array(5).fill('ok'));
    expect(storedBy(at.reader())).toEqual(upTo(1, 16_010));
  });

  test('the error says from where to send again, can be retried, and has the cause', async () => {
    await using at = stage('message');
    const buffer = await at.open(fullAt(0));
    const first = buffer.append(rows(upTo(1, 4_096)));
    const second = buffer.append(rows(upTo(4_097, 4_100)));
    await expect(first).rejects.toMatchObject({ code: 'DISK_FULL' });
    await expect(second).rejects.toMatchObject({
      code: 'SOURCE_BEHIND',
      retryable: true,
      message: 'Source feed: row 1 is not stored, and this batch begins at 4097',
      cause: { code: 'DISK_FULL' },
    });
  });

  test('no sid: the batches behind are refused, in the same transaction and after it', async () => {
    await using at = stage('sid');
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
    const calls = (): Promise<Ack>[] => [
      buffer.append(rows([1, 2])),
      buffer.append(rows([3], 'feed', 'BAD')),
      buffer.append(rows([4, 5])),
      buffer.append(rows([1], 'other')),
      buffer.append(rows(upTo(6, 5_000))),
    ];
    const behind = 'SOURCE_BEHIND';
    expect(await outcomes(calls())).toEqual(['ok', 'manifest is locked', behind, 'ok', behind]);
    broken = false;
    expect(await outcomes(calls())).toEqual(Array(5).fill('ok'));
    expect(storedBy(at.reader()).sort((a, b) => a - b)).toEqual([1, ...upTo(1, 5_000)]);
  });

  test('back-pressure: a smaller batch behind the refused one is refused too', async () => {
    await using at = stage('pressure');
    const buffer = await at.open({ backpressure: { maxRows: 100 } });
    expect(await send(buffer, upTo(1, 90), upTo(91, 120), upTo(121, 125))).toEqual([
      'ok',
      'BACKPRESSURE',
      'SOURCE_BEHIND',
    ]);
    expect(buffer.metrics().refused).toBe(35);
    expect(await send(buffer, upTo(91, 120), upTo(121, 125))).toEqual(['ok', 'ok']);
    expect(storedBy(at.reader())).toEqual(upTo(1, 125));
  });

  test('retries in another order: each waits for the one before it', async () => {
    await using at = stage('order');
    const buffer = await at.open({ ...fullAt(0) });
    const batches = [[1, 2], [5, 6], [9]];
    expect(await send(buffer, ...batches)).toEqual(Array(3).fill('DISK_FULL'));
    expect(await send(buffer, [9], [1, 2], [9], [5, 6], [9])).toEqual([
      'SOURCE_BEHIND',
      'ok',
      'SOURCE_BEHIND',
      'ok',
      'ok',
    ]);
    expect(storedBy(at.reader())).toEqual([1, 2, 5, 6, 9]);
  });

  test('numbers that jump: sent again in other batches, the gaps are no obstacle', async () => {
    await using at = stage('gaps');
    const buffer = await at.open(fullAt(0));
    expect(await send(buffer, [10, 20, 30], [47, 50])).toEqual(['DISK_FULL', 'DISK_FULL']);
    expect(await send(buffer, [20, 30], [47])).toEqual(['SOURCE_BEHIND', 'SOURCE_BEHIND']);
    expect(await send(buffer, [10], [20], [30, 47], [50, 70], [90])).toEqual(Array(5).fill('ok'));
    expect(storedBy(at.reader())).toEqual([10, 20, 30, 47, 50, 70, 90]);
  });

  test('a batch that begins earlier is taken, and speaks for its source up to its end', async () => {
    await using at = stage('earlier');
    const buffer = await at.open(fullAt(1));
    expect(await send(buffer, [1, 2, 3])).toEqual(['ok']);
    expect(await send(buffer, [4, 5], [6])).toEqual(['DISK_FULL', 'DISK_FULL']);
    expect(await send(buffer, [2, 3, 4, 5], [7])).toEqual(['ok', 'SOURCE_BEHIND']);
    expect(await send(buffer, [5, 6, 7])).toEqual(['ok']);
    expect(storedBy(at.reader())).toEqual(upTo(1, 7));
  });

  test('a retry that fails again keeps its place', async () => {
    await using at = stage('again');
    const buffer = await at.open(fullAt(0, 1));
    expect(await send(buffer, [1], [2])).toEqual(['DISK_FULL', 'DISK_FULL']);
    expect(await send(buffer, [1], [2])).toEqual(['DISK_FULL', 'DISK_FULL']);
    expect(await send(buffer, [2])).toEqual(['SOURCE_BEHIND']);
    expect(await send(buffer, [1], [2])).toEqual(['ok', 'ok']);
    expect(storedBy(at.reader())).toEqual([1, 2]);
  });

  test('other sources, and rows without numbers, go on', async () => {
    await using at = stage('others');
    const buffer = await at.open(fullAt(0));
    expect(await send(buffer, [1])).toEqual(['DISK_FULL']);
    const { sourceSeq: _, ...plain } = rows([3]);
    const calls = [buffer.append(rows([2], 'other')), buffer.append(plain)];
    expect(await outcomes(calls)).toEqual(['ok', 'ok']);
    expect(await send(buffer, [2], [1], [2])).toEqual(['SOURCE_BEHIND', 'ok', 'ok']);
  });

  test('candles and ticks of one source share its order', async () => {
    await using at = stage('kinds');
    const buffer = await at.open(fullAt(0));
    const candle = (number: number) => {
      const one = Float64Array.of(1);
      const ts = BigInt64Array.of(OPEN);
      const sourceSeq = BigInt64Array.of(BigInt(number));
      const values = { open: one, high: one, low: one, close: one, volume: one };
      return { symbol: 'IDX', ts, ...values, source: 'feed', sourceSeq };
    };
    const calls = [buffer.append(rows([1])), buffer.appendCandles(candle(2))];
    expect(await outcomes(calls)).toEqual(['DISK_FULL', 'SOURCE_BEHIND']);
    expect(await outcomes([buffer.append(rows([1])), buffer.appendCandles(candle(2))])).toEqual([
      'ok',
      'ok',
    ]);
    expect(buffer.lastSourceSeq('feed')).toBe(2n);
  });

  test('a new process goes by the mark in live.db', async () => {
    await using at = stage('restart');
    const first = await at.open(fullAt(1));
    await send(first, [1, 2]);
    expect(await send(first, [3], [4])).toEqual(['DISK_FULL', 'DISK_FULL']);
    await first.close();
    const second = await at.open();
    expect(second.lastSourceSeq('feed')).toBe(2n);
    expect(await send(second, [1, 2, 3], [4, 5])).toEqual(['ok', 'ok']);
    expect(storedBy(at.reader())).toEqual(upTo(1, 5));
  });
});

describe('the order of a source', () => {
  test('a wrong batch is the mistake of its caller, and holds nothing up', async () => {
    await using at = stage('wrong');
    const buffer = await at.open();
    const wrong = buffer.append({ ...rows([1, 2]), price: new Float64Array(1) });
    await expect(wrong).rejects.toThrow(RangeError);
    expect(await send(buffer, [3])).toEqual(['ok']);
  });

  test('backfill of a source is not overtaken by what it sends after it', async () => {
    await using at = stage('backfill');
    const buffer = await at.open();
    const calls = [
      buffer.append(rows([1])),
      buffer.append(rows([2, 3]), { backfill: true }),
      buffer.append(rows([4])),
      buffer.append(rows([1], 'other')),
    ];
    expect((await Promise.all(calls)).map(({ duplicates }) => duplicates)).toEqual([0, 0, 0, 0]);
    expect(storedBy(at.reader())).toEqual([1, 1, 2, 3, 4]);
    expect(await outcomes([buffer.append(rows([5]))])).toEqual(['ok']);
  });

  test('dropOldest: the hole is intended, and the source goes on behind it', async () => {
    await using at = stage('drop');
    const buffer = await at.open({ backpressure: { policy: 'dropOldest', maxRows: 100 } });
    expect(await send(buffer, upTo(1, 60), upTo(61, 120), upTo(121, 130))).toEqual([
      'ROWS_DROPPED',
      'ok',
      'ok',
    ]);
    expect(storedBy(at.reader())).toEqual(upTo(61, 130));
  });

  test('block: calls that wait for room are refused with the one that failed before them', async () => {
    await using at = stage('block');
    const options = { ...fullAt(0), backpressure: { policy: 'block', maxRows: 10 } as const };
    const buffer = await at.open(options);
    const batches = [upTo(1, 8), upTo(9, 16), upTo(17, 24)];
    expect(await send(buffer, ...batches)).toEqual(['DISK_FULL', 'SOURCE_BEHIND', 'SOURCE_BEHIND']);
    expect(buffer.metrics().queueRows).toBe(0);
    expect(await send(buffer, ...batches)).toEqual(['ok', 'ok', 'ok']);
    expect(storedBy(at.reader())).toEqual(upTo(1, 24));
  });
});
