import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, test } from '@jest/globals';
import { type LiveEvent, type LiveSnapshot, type SegmentEntry, verifySegment } from '@tb/live';
import { generateTicks, Multiset, seedOf, tickKeys } from '@tb/testkit';
import { calendar, DATE, OPEN, SECOND, stage, ticks } from './fixture.ts';

/** Rows of a segment in the order in which they stand there. */
async function rowsOf({
  path,
}: SegmentEntry): Promise<{ sid: number; ts: bigint; seq: bigint; values: unknown[] }[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`ATTACH '${path}' AS segment (TYPE duckdb, READ_ONLY)`);
  const result = await connection.runAndReadAll(
    'SELECT sid, epoch_ns(ts), seq, price, volume, bid, ask FROM segment.data',
  );
  const rows = result.getRows().map(([sid, ts, seq, ...values]) => ({
    sid: sid as number,
    ts: ts as bigint,
    seq: seq as bigint,
    values,
  }));
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** Every tick of a snapshot, with the seq in its key. */
async function contentOf(snapshot: LiveSnapshot): Promise<Multiset> {
  const all = new Multiset();
  for (const segment of snapshot.segments)
    for (const { sid, ts, seq, values } of await rowsOf(segment))
      all.add([seq, sid, ts, ...values.map((value) => value ?? 'null')].join());
  for (const chunk of snapshot.tail)
    for (let i = 0; i < chunk.rows; i++)
      all.add(
        [
          chunk.seq[i],
          chunk.sid[i],
          chunk.ts[i],
          chunk.price[i],
          chunk.volume[i],
          chunk.bid[i],
          chunk.ask[i],
        ]
          .map((value) => (Number.isNaN(value) ? 'null' : value))
          .join(),
      );
  return all;
}

describe('seal and compaction', () => {
  test('change where rows stand, and nothing else', async () => {
    await using at = stage('content');
    const session = calendar.sessionOf(DATE)!;
    const batches = [
      ...generateTicks({
        seed: seedOf(),
        symbols: 8,
        openNs: session.open,
        closeNs: session.close,
        rows: 12_000,
      }),
    ];
    const buffer = await at.open({ seal: { auto: false, compactCount: 3 } });
    const reader = at.reader();
    let digest = '';
    for (const [index, batch] of batches.entries()) {
      await buffer.append(batch);
      if (index % 3 !== 2) continue;
      digest = (await contentOf(reader.snapshot())).digest();
      expect((await buffer.seal()).map(({ rows }) => rows)).toEqual([3_000]);
      expect((await contentOf(reader.snapshot())).digest()).toBe(digest);
    }
    expect(reader.snapshot().segments).toHaveLength(4);
    expect(await buffer.compact()).toBe(1);
    const { segments, tail } = reader.snapshot();
    expect([segments.map(({ rows }) => rows), tail.length]).toEqual([[3_000, 9_000], 0]);
    expect((await contentOf(reader.snapshot())).digest()).toBe(digest);
    const stored = new Multiset();
    for (const segment of segments) {
      await verifySegment(segment);
      const rows = await rowsOf(segment);
      for (const { sid, ts, values } of rows) {
        const [price, volume, bid, ask] = values as [number, number, number | null, number | null];
        const symbol = reader.snapshot().symbolOf(sid)!;
        stored.add(
          tickKeys({
            symbol,
            ts: BigInt64Array.of(ts),
            price: Float64Array.of(price),
            volume: Float64Array.of(volume),
            bid: Float64Array.of(bid ?? Number.NaN),
            ask: Float64Array.of(ask ?? Number.NaN),
          })[0]!,
        );
      }
      for (let i = 1; i < rows.length; i++) {
        const [a, b] = [rows[i - 1]!, rows[i]!];
        const inOrder =
          a.sid < b.sid || (a.sid === b.sid && (a.ts < b.ts || (a.ts === b.ts && a.seq < b.seq)));
        expect(inOrder).toBe(true);
      }
    }
    expect(stored.digest()).toBe(Multiset.of(batches.flatMap((batch) => tickKeys(batch))).digest());
  }, 60_000);

  test('one trading date a segment', async () => {
    await using at = stage('dates');
    const buffer = await at.open();
    await buffer.append(ticks(5));
    await buffer.append(ticks(6, OPEN + 24n * 3600n * SECOND));
    await buffer.append(ticks(7, OPEN + SECOND));
    expect((await buffer.seal()).map(({ tradingDate, rows }) => [tradingDate, rows])).toEqual([
      [DATE, 12],
      ['2026-02-03', 6],
    ]);
    expect(await buffer.seal()).toEqual([]);
    expect(
      at
        .reader()
        .snapshot()
        .segments.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq]),
    ).toEqual([
      [1n, 18n],
      [6n, 11n],
    ]);
  });

  test('happen by themselves, while rows go on coming', async () => {
    await using at = stage('auto');
    const buffer = await at.open({
      heartbeatMs: 10,
      seal: { rows: 500, compactCount: 2, garbageMs: 0 },
    });
    for (let i = 0; buffer.metrics().compactions < 2; i++) {
      await buffer.append(ticks(100, OPEN + BigInt(i) * SECOND));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { seq } = buffer.metrics();
    await buffer.close();
    const snapshot = at.reader().snapshot();
    expect(snapshot.days[0]!.rows).toBe(Number(seq));
    expect((await contentOf(snapshot)).size).toBe(Number(seq));
  }, 60_000);

  test('a child that dies moves no row; the next one does its work', async () => {
    await using at = stage('dies');
    const events: LiveEvent[] = [];
    let deadly: string | undefined;
    const buffer = await at.open({
      onEvent: (event) => {
        events.push(event);
        if (event.type === 'step' && event.step === deadly) throw new Error(`stop at ${deadly}`);
      },
    });
    await buffer.append(ticks(100));
    const digest = (await contentOf(at.reader().snapshot())).digest();
    for (const step of ['child_write', 'child_checkpoint', 'child_link', 'child_done']) {
      deadly = `seal.${step}`;
      await expect(buffer.seal()).rejects.toMatchObject({
        code: 'SEGMENT_JOB',
        cause: { message: `stop at ${deadly}` },
      });
      expect(at.reader().snapshot().segments).toEqual([]);
    }
    deadly = undefined;
    expect(await buffer.seal()).toHaveLength(1);
    expect((await contentOf(at.reader().snapshot())).digest()).toBe(digest);
  });

  test('a damaged segment is refused before DuckDB sees it, and so is a missing one', async () => {
    await using at = stage('verify');
    const buffer = await at.open({ seal: { auto: false, compactCount: 2 } });
    for (let i = 0; i < 2; i++) {
      await buffer.append(ticks(50, OPEN + BigInt(i) * SECOND));
      await buffer.seal();
    }
    const [first, second] = at.reader().snapshot().segments;
    const bytes = readFileSync(first!.path);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(first!.path, bytes);
    await expect(verifySegment(first!)).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    await expect(buffer.compact()).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    await expect(verifySegment({ ...second!, path: `${second!.path}.gone` })).rejects.toMatchObject(
      { code: 'SEGMENT_MISSING' },
    );
    await expect(verifySegment({ ...second!, sizeBytes: 1 })).rejects.toMatchObject({
      code: 'SEGMENT_CORRUPT',
    });
  });

  test('leave no other file behind', async () => {
    await using at = stage('litter');
    const buffer = await at.open({ seal: { auto: false, compactCount: 2, garbageMs: 0 } });
    for (let i = 0; i < 2; i++) {
      await buffer.append(ticks(50, OPEN + BigInt(i) * SECOND));
      await buffer.seal();
    }
    await buffer.compact();
    const dir = at.layout.segmentsDir('nse');
    expect(readdirSync(dir).sort()).toEqual(['000001.duckdb', '000002.duckdb', '000003.duckdb']);
    await buffer.sweepGarbage();
    expect(readdirSync(dir)).toEqual(['000003.duckdb']);
    expect(statSync(`${dir}/000003.duckdb`).size).toBe(
      at.reader().snapshot().segments[0]!.sizeBytes,
    );
  });
});
