import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { LiveReader } from '@tb/live';
import { openSqlite } from '@tb/locks';
import type { CandleBatch } from '@tb/schema';
import { random, seedOf } from '@tb/testkit';
import {
  batchOf,
  calendar,
  DATE,
  MINUTE,
  OPEN,
  type Row,
  SECOND,
  stage,
  ticks,
} from './fixture.ts';

function candles(symbol: string, from: bigint, count: number): CandleBatch {
  const values = Float64Array.from({ length: count }, (_, k) => 100 + k / 8);
  return {
    symbol: Array.from(values, () => symbol),
    ts: BigInt64Array.from({ length: count }, (_, k) => from + BigInt(k) * MINUTE),
    ...{ open: values, high: values, low: values, close: values, volume: values },
  };
}

describe('a reader', () => {
  test('that comes before the buffer is told so, and may come again', async () => {
    await using at = stage('absent');
    expect(() => at.reader()).toThrow(
      expect.objectContaining({ code: 'LIVE_ABSENT', retryable: true }),
    );
    await at.open();
    expect(at.reader().snapshot().seq).toBe(0n);
  });

  test('that meets a file just being born is told the same', async () => {
    await using at = stage('born');
    mkdirSync(at.layout.liveDir('nse'), { recursive: true });
    writeFileSync(at.layout.liveDb('nse'), '');
    expect(() => at.reader()).toThrow(expect.objectContaining({ code: 'LIVE_ABSENT' }));
    const db = openSqlite(at.layout.liveDb('nse'));
    db.exec('PRAGMA journal_mode = WAL; CREATE TABLE writer_fence (id INTEGER)');
    db.close();
    expect(() => at.reader()).toThrow(expect.objectContaining({ code: 'LIVE_ABSENT' }));
  });

  test.each(['missing', 'empty'])(
    'regress-8-lost-live-db: a live.db that is %s where a writer was is an error, for readers and for the next writer',
    async (how) => {
      await using at = stage('lost');
      const buffer = await at.open();
      await buffer.append(ticks(5));
      await buffer.close();
      const files = ['', '-wal', '-shm'].map((suffix) => `${at.layout.liveDb('nse')}${suffix}`);
      for (const file of files) rmSync(file, { force: true });
      if (how === 'empty') writeFileSync(files[0]!, '');
      expect(() => at.reader()).toThrow(expect.objectContaining({ code: 'LIVE_CORRUPT' }));
      await expect(at.open()).rejects.toMatchObject({ code: 'LIVE_CORRUPT' });
      rmSync(join(at.layout.liveDir('nse'), '.writer.lock'));
      await at.open();
      expect(at.reader().snapshot().seq).toBe(0n);
    },
  );

  test('regress-8-wrong-page: a page of another table is damage, whatever error its rows lead to', async () => {
    await using at = stage('pages');
    const buffer = await at.open();
    for (let i = 0; i < 40; i += 1) await buffer.append(ticks(50));
    await buffer.close();
    const path = at.layout.liveDb('nse');
    const whole = readFileSync(path);
    const pages = whole.length / 4096;
    let refused = 0;
    for (let page = 1; page + 1 < pages; page += 1) {
      const bytes = Buffer.from(whole);
      whole.copy(bytes, page * 4096, (page + 1) * 4096, (page + 2) * 4096);
      whole.copy(bytes, (page + 1) * 4096, page * 4096, (page + 1) * 4096);
      writeFileSync(path, bytes);
      try {
        using reader = LiveReader.open({ layout: at.layout, exchange: 'nse' });
        reader.snapshot();
      } catch (error) {
        expect(error).toMatchObject({
          code: expect.stringMatching(/^(LIVE|SQLITE|MIGRATION|SCHEMA)_/),
        });
        refused += 1;
      }
    }
    expect(refused).toBeGreaterThan(5);
  });

  test('reads beside the writer, after its end, and beside the next one', async () => {
    await using at = stage('beside');
    const first = await at.open();
    await first.append(ticks(5));
    const reader = at.reader();
    expect(reader.snapshot().seq).toBe(5n);
    await first.close();
    expect(reader.snapshot().seq).toBe(5n);
    const late = at.reader();
    expect(late.snapshot().tail[0]!.rows).toBe(5);
    const second = await at.open();
    await second.append(ticks(5));
    expect(reader.snapshot().seq).toBe(10n);
    expect(second.epoch).toBe(first.epoch + 1);
  });

  test('that comes late reads a day of candles in pages, as one that was there from the start has it', async () => {
    await using at = stage('pages');
    const buffer = await at.open();
    const early = at.reader();
    const days = [OPEN, calendar.sessionOf('2026-02-03')!.open];
    for (const open of days)
      for (let k = 0; k < 12; k++) {
        await buffer.appendCandles(candles(`S${String(k % 2)}${k}`, open, 375));
        early.snapshot();
      }
    const late = at.reader().snapshot();
    for (const date of [DATE, '2026-02-03']) {
      expect(late.candles(date).rows).toBe(12 * 375);
      expect(late.candles(date)).toEqual(early.snapshot().candles(date));
    }
  });

  test('of supplied candles leaves out those of ticks, from the start and as they come', async () => {
    await using at = stage('supplied');
    const buffer = await at.open();
    await buffer.append(batchOf([['TICKS', OPEN, 5]]));
    const early = LiveReader.open({ layout: at.layout, exchange: 'nse', candles: 'supplied' });
    expect(early.snapshot().forming).toHaveLength(1);
    await buffer.appendCandles(candles('GIVEN', OPEN, 3));
    await buffer.append(batchOf([['TICKS', OPEN + 2n * MINUTE, 6]]));
    await buffer.freeze(DATE);
    const late = LiveReader.open({ layout: at.layout, exchange: 'nse', candles: 'supplied' });
    const given = late.snapshot().sidOf('GIVEN')!;
    for (const reader of [early, late]) {
      const snapshot = reader.snapshot();
      expect([...snapshot.candles(DATE).sid]).toEqual([given, given, given]);
      expect(snapshot.forming).toEqual([]);
      reader.close();
    }
    expect(at.reader().snapshot().candles(DATE).rows).toBe(5);
  });

  test('has a snapshot that never changes, and the same object while nothing is new', async () => {
    await using at = stage('frozen');
    const buffer = await at.open();
    await buffer.append(ticks(5));
    const reader = at.reader();
    const before = reader.snapshot();
    expect(reader.snapshot()).toBe(before);
    const candles = before.candles(DATE, { forming: true });
    await buffer.append(batchOf([['TEST', OPEN + 30n * SECOND, 99]]));
    await buffer.append(batchOf([['TEST', OPEN + 2n * MINUTE, 99]]));
    await buffer.seal();
    const after = reader.snapshot();
    expect([before.seq, before.tail.length, before.segments.length]).toEqual([5n, 1, 0]);
    expect(before.candles(DATE, { forming: true })).toEqual(candles);
    expect([after.seq, after.tail.length, after.segments.length]).toEqual([7n, 0, 1]);
    expect([...after.candles(DATE, { forming: true }).high]).toEqual([99, 99]);
  });

  test('that polls pays for what is new: batches read before are kept', async () => {
    await using at = stage('poll');
    const buffer = await at.open();
    const reader = at.reader();
    await buffer.append(ticks(500));
    const [old] = reader.snapshot().tail;
    await buffer.append(ticks(500));
    const tail = reader.snapshot().tail;
    expect(tail[0]).toBe(old);
    expect(tail.map(({ firstSeq }) => firstSeq)).toEqual([1n, 501n]);
  });

  test('cannot write: the engine refuses', async () => {
    await using at = stage('readonly');
    await at.open();
    const db = openSqlite(at.layout.liveDb('nse'), { readonly: true });
    expect(() => db.exec('DELETE FROM counters')).toThrow(/readonly/);
    db.close();
  });

  test('refuses a buffer that shows less than it has seen', async () => {
    await using at = stage('back');
    const buffer = await at.open();
    await buffer.append(ticks(5));
    const reader = at.reader();
    reader.snapshot();
    await buffer.close();
    const db = openSqlite(at.layout.liveDb('nse'));
    db.exec('UPDATE counters SET next_seq = 3');
    expect(() => reader.snapshot()).toThrow(expect.objectContaining({ code: 'STEPPED_BACK' }));
    db.exec('UPDATE counters SET next_seq = 9');
    db.close();
    expect(reader.snapshot().seq).toBe(8n);
  });

  test('finds a damaged batch', async () => {
    await using at = stage('damaged');
    const buffer = await at.open();
    await buffer.append(ticks(5));
    await buffer.close();
    const db = openSqlite(at.layout.liveDb('nse'));
    db.exec("UPDATE tail SET data = CAST(replace(data, x'54425431', x'54425432') AS BLOB)");
    db.close();
    expect(() => at.reader().snapshot()).toThrow(expect.objectContaining({ code: 'LIVE_CORRUPT' }));
  });

  test('is closed once and for all', async () => {
    await using at = stage('closed');
    await at.open();
    const reader = LiveReader.open({ layout: at.layout, exchange: 'nse' });
    reader.close();
    reader.close();
    expect(() => reader.snapshot()).toThrow(expect.objectContaining({ code: 'LIVE_CLOSED' }));
  });
});

describe('last and latest ticks', () => {
  const rng = random(seedOf()).fork('last');
  const rows: Row[] = Array.from({ length: 3_000 }, (_, i) => [
    `S${rng.below(5)}`,
    OPEN + BigInt(i + rng.below(40)) * 1_000_000n,
    i + 1,
  ]);
  const inTime = (symbol: string): number[] =>
    rows
      .map(([name, ts, price]) => ({ name, ts, price }))
      .filter(({ name }) => name === symbol)
      .sort((a, b) => (a.ts < b.ts ? -1 : a.ts > b.ts ? 1 : a.price - b.price))
      .map(({ price }) => price);

  test('are those of the greatest (ts, seq), whatever the order of arrival', async () => {
    await using at = stage('last');
    const buffer = await at.open();
    for (let from = 0; from < rows.length; from += 250)
      await buffer.append(batchOf(rows.slice(from, from + 250)));
    const snapshot = at.reader().snapshot();
    for (const symbol of ['S0', 'S1', 'S2', 'S3', 'S4'])
      for (const count of [0, 1, 2, 10, 100, 10_000]) {
        const found = snapshot.lastTicks(snapshot.sidOf(symbol)!, count).map(({ price }) => price);
        expect(found).toEqual(count === 0 ? [] : inTime(symbol).slice(-count));
      }
    expect(snapshot.lastTicks(77, 5)).toEqual([]);
  });

  test('the latest price is known to a reader that comes after the seal', async () => {
    await using at = stage('latest');
    const buffer = await at.open();
    await buffer.append(batchOf(rows));
    await buffer.seal();
    await buffer.close();
    const again = await at.open();
    await again.append(batchOf([['S1', OPEN + MINUTE, 7_777]]));
    const snapshot = at.reader().snapshot();
    const latest = (symbol: string): number =>
      snapshot.latest().get(snapshot.sidOf(symbol)!)!.price;
    expect(latest('S0')).toBe(inTime('S0').at(-1));
    expect(latest('S1')).toBe(7_777);
    expect([...snapshot.latest([snapshot.sidOf('S2')!, 99]).keys()]).toEqual([
      snapshot.sidOf('S2'),
    ]);
    expect(snapshot.lastTickTs).toBe(OPEN + MINUTE);
  });
});
