import { readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { openBuildInstance } from '@tb/history';
import { LiveError } from '@tb/live';
import { DatabaseManager, type ManagerEvent } from '@tb/manager';
import { Moments } from '../src/market/moments.ts';
import { D1, D2, ingest, MINUTES, TICKS } from './live-days.ts';
import { ALWAYS, read, rowsOf } from './market-rows.ts';
import { clear, freeze, publishLive } from './rollover.ts';
import { dataRoot } from './roots.ts';

async function ingestorAndReader(label: string) {
  const root = await dataRoot(label);
  const events: ManagerEvent[] = [];
  const manager = await DatabaseManager.open({
    root: root.path,
    role: 'ingestor',
    exchanges: ['nse'],
  });
  const reader = await DatabaseManager.open({
    root: root.path,
    role: 'reader',
    onEvent: (event) => events.push(event),
  });
  return {
    root,
    manager,
    reader,
    market: reader.marketData,
    events,
    async [Symbol.asyncDispose]() {
      await reader.close();
      await manager.close();
      root.remove();
    },
  };
}

describe('history and live as one', () => {
  test('the same rows in the tail, in segments, published, and cleared', async () => {
    await using t = await ingestorAndReader('one');
    await t.manager.live('nse').feedConnected('feed');
    await ingest(t.manager, D1, 5_000);
    await ingest(t.manager, D2, 2_000);
    const ticks = await read(t.market, TICKS);
    const minutes = await read(t.market, MINUTES);
    expect(ticks.rows).toHaveLength(7_000);
    expect(ticks.origins).toEqual(['tail', 'tail']);
    expect(minutes.origins).toEqual(['live_candles', 'live_candles']);
    const same = async (origins: readonly string[]) => {
      const now = await read(t.market, TICKS);
      expect(now.rows).toEqual(ticks.rows);
      expect(now.origins).toEqual(origins);
      expect(now.tradingDates).toEqual([D1, D2]);
      const candles = await read(t.market, MINUTES);
      expect(candles.rows).toEqual(minutes.rows);
      expect(candles.tradingDates).toEqual([D1, D2]);
      for (const [request, seen] of [
        [TICKS, now],
        [MINUTES, candles],
      ] as const) {
        const { tradingDates, watermark } = await t.market.tradingDates({ ...request, ...ALWAYS });
        expect([tradingDates, watermark]).toEqual([seen.tradingDates, seen.watermark]);
      }
      expect(now.coverage.map(({ source }) => source)).toContain('feed');
      return now;
    };
    await t.manager.live('nse').seal(D1);
    await same(['segment', 'tail']);
    const frozen = await freeze(t.manager, 'nse', D1);
    await same(['segment', 'tail']);
    const day = await publishLive(t.manager, 'nse', D1, frozen);
    const published = await same(['day', 'tail']); // still in the live buffer too: history wins
    expect(published.watermark.manifestVersion).toBeGreaterThan(ticks.watermark.manifestVersion);
    expect(published.files).toEqual([
      expect.objectContaining({ tradingDate: D1, revision: 1, path: expect.stringContaining(D1) }),
    ]);
    await clear(t.manager, 'nse', D1, frozen, day);
    await same(['day', 'tail']);
    expect(await t.market.extent('nse', 'ticks')).toEqual({ first: D1, last: D2 });
    expect(await t.market.extent('nse', 'candles', '1d')).toEqual({ first: D1, last: D1 });
    expect(await t.market.extent('bse', 'ticks')).toBeUndefined();
  });

  test('a snapshot keeps its moment while rows are appended and sealed', async () => {
    await using t = await ingestorAndReader('moment');
    await ingest(t.manager, D1, 1_000);
    await using first = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    await ingest(t.manager, D1, 500);
    await using second = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    await t.manager.live('nse').seal(D1);
    await using third = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    await ingest(t.manager, D1, 250);
    await using fourth = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    const counts = [];
    for (const snapshot of [fourth, second, first, third])
      counts.push((await rowsOf(snapshot)).length);
    expect(counts).toEqual([1_750, 1_500, 1_000, 1_500]);
    expect(second.watermark.live['nse']?.seq).toBe(1_500n);
    expect(third.sources.map((source) => source.origin)).toEqual(['segment']);
  });

  test('a range cuts sources away, and is half-open', async () => {
    await using t = await ingestorAndReader('range');
    await ingest(t.manager, D1, 500);
    await ingest(t.manager, D2, 500);
    const all = await read(t.market, TICKS);
    const noon = BigInt(Date.parse(`${D2}T06:00:00Z`)) * 1_000_000n;
    const before = await read(t.market, { ...TICKS, to: noon });
    const after = await read(t.market, { ...TICKS, from: noon });
    expect([...before.rows, ...after.rows].sort()).toEqual([...all.rows].sort());
    expect(after.tradingDates).toEqual([D2]);
    for (const request of [TICKS, MINUTES]) {
      const part = { ...request, from: noon, to: ALWAYS.to };
      expect((await t.market.tradingDates(part)).tradingDates).toEqual([D2]);
      const none = await t.market.tradingDates({ ...part, from: ALWAYS.to - 1n });
      expect(none.tradingDates).toEqual([]);
    }
    expect((await read(t.market, { ...TICKS, from: noon, to: noon })).rows).toEqual([]);
  });

  test('without a live buffer history answers alone, without either there is nothing', async () => {
    using root = await dataRoot('nothing');
    await using reader = await DatabaseManager.open({ root: root.path, role: 'reader' });
    const nothing = await read(reader.marketData, TICKS);
    expect(nothing).toMatchObject({
      rows: [],
      tradingDates: [],
      watermark: { manifestVersion: 0, live: {} },
    });
  });

  test('live rows of other symbols are left out, the dates are not', async () => {
    await using t = await ingestorAndReader('symbols');
    await ingest(t.manager, D1, 500, 5);
    const one = await read(t.market, { ...MINUTES, symbols: ['NSE_EQ|TEST0001'] });
    expect(new Set(one.rows.map((row) => row.split(' ')[0])).size).toBe(1);
    const none = await read(t.market, { ...MINUTES, symbols: ['UNKNOWN'] });
    expect(none).toMatchObject({ rows: [], tradingDates: [D1] });
  });

  test('lastTicks are the newest of dates that are not published', async () => {
    await using t = await ingestorAndReader('last');
    await ingest(t.manager, D1, 500);
    await ingest(t.manager, D2, 500);
    const frozen = await freeze(t.manager, 'nse', D1);
    await publishLive(t.manager, 'nse', D1, frozen);
    await using snapshot = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    const sid = snapshot.sidOf('NSE_EQ|TEST0001') as number;
    expect(snapshot.symbolOf(sid)).toBe('NSE_EQ|TEST0001');
    const last = snapshot.lastTicks(sid, 1_000_000);
    const openOfD2 = BigInt(Date.parse(`${D2}T03:45:00Z`)) * 1_000_000n;
    expect(last.length).toBeGreaterThan(10);
    expect(last.every((tick) => tick.ts >= openOfD2)).toBe(true);
    const keys = last.map((tick) => [tick.ts, tick.seq] as const);
    expect([...keys].sort((a, b) => Number(a[0] - b[0]) || Number(a[1] - b[1]))).toEqual(keys);
    expect(snapshot.lastTicks(sid, 3)).toEqual(last.slice(-3));
    expect(snapshot.live?.lastTickTs).toBeGreaterThan(openOfD2);
  });
});

describe('streams', () => {
  test('columns come as typed arrays, NULL as NaN with its mask', async () => {
    await using t = await ingestorAndReader('columns');
    await ingest(t.manager, D1, 3_000);
    await using snapshot = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    const from = snapshot.sources[0]?.relation;
    let rows = 0;
    let nulls = 0;
    for await (const chunk of snapshot.stream(
      `SELECT sid, ts, seq, price, bid, 'x' AS text, NULL::DOUBLE AS none FROM ${from} WHERE seq > $1`,
      [0n],
    )) {
      const kinds = chunk.columns.map((column) =>
        Object.prototype.toString.call(column).slice(8, -1),
      );
      expect(kinds).toEqual([
        'Int32Array',
        'BigInt64Array',
        'BigInt64Array',
        'Float64Array',
        'Float64Array',
        'Array',
        'Float64Array',
      ]);
      const bid = chunk.columns[4] as Float64Array;
      for (let row = 0; row < chunk.rows; row++)
        if (chunk.valid[4]?.[row] === 0) {
          expect(bid[row]).toBeNaN();
          nulls += 1;
        } else expect(bid[row]).toBeGreaterThan(0);
      expect(chunk.valid[3]).toBeUndefined();
      expect([...(chunk.columns[6] as Float64Array)].every(Number.isNaN)).toBe(true);
      rows += chunk.rows;
    }
    expect(rows).toBe(3_000);
    expect(nulls).toBeGreaterThan(10);
  });

  test('chunks outlive their stream', async () => {
    await using t = await ingestorAndReader('outlive');
    const chunks = [];
    {
      await using snapshot = await t.market.snapshot({ ...TICKS, ...ALWAYS });
      for await (const chunk of snapshot.stream('SELECT i::BIGINT AS i FROM range(100000) AS r(i)'))
        chunks.push(chunk);
    }
    await read(t.market, TICKS);
    const values = chunks.flatMap((chunk) => [...(chunk.columns[0] as BigInt64Array)]);
    expect(values.every((value, index) => value === BigInt(index))).toBe(true);
  });

  test('a signal ends a query that runs, and one that has not begun', async () => {
    await using t = await ingestorAndReader('abort');
    await using snapshot = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    const abort = new AbortController();
    const slow = (async () => {
      for await (const _chunk of snapshot.stream(
        'SELECT sum(i * i) FROM range(100000000000) AS r(i)',
        [],
        abort.signal,
      ));
    })();
    setTimeout(() => abort.abort(), 50);
    await expect(slow).rejects.toMatchObject({ code: 'QUERY_ABORTED' });
    await expect(
      (async () => {
        for await (const _chunk of snapshot.stream('SELECT 1', [], abort.signal));
      })(),
    ).rejects.toMatchObject({ code: 'QUERY_ABORTED' });
    expect(await rowsOf(snapshot)).toEqual([]); // the engine lives on
  });

  test('a loop that is left early, and a snapshot used after its disposal', async () => {
    await using t = await ingestorAndReader('early');
    const snapshot = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    for await (const _chunk of snapshot.stream('SELECT i FROM range(1000000) AS r(i)')) break;
    await snapshot[Symbol.asyncDispose]();
    await expect(
      (async () => {
        for await (const _chunk of snapshot.stream('SELECT 1'));
      })(),
    ).rejects.toMatchObject({ code: 'QUERY_FAILED' });
  });

  test('SQL that DuckDB refuses is QUERY_FAILED; the engine lives on', async () => {
    await using t = await ingestorAndReader('bad-sql');
    await using snapshot = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    await expect(
      (async () => {
        for await (const _chunk of snapshot.stream('SELECT nothing'));
      })(),
    ).rejects.toMatchObject({ code: 'QUERY_FAILED', cause: expect.anything() });
    expect(await rowsOf(snapshot)).toEqual([]);
  });

  test('close ends a stream that is half read', async () => {
    using root = await dataRoot('close-stream');
    const manager = await DatabaseManager.open({ root: root.path, role: 'reader' });
    const snapshot = await manager.marketData.snapshot({ ...TICKS, ...ALWAYS });
    const stream = snapshot.stream('SELECT i FROM range(1000000) AS r(i)')[Symbol.asyncIterator]();
    expect((await stream.next()).done).toBe(false);
    await manager.close();
    await expect(stream.next()).rejects.toMatchObject({ code: 'MANAGER_CLOSED' });
    await expect(manager.marketData.snapshot({ ...TICKS, ...ALWAYS })).rejects.toMatchObject({
      code: 'MANAGER_CLOSED',
    });
  });

  test('a snapshot that outlives its manager is disposed of without an error', async () => {
    await using t = await ingestorAndReader('outlives');
    await ingest(t.manager, D1, 500);
    const ticks = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    const minutes = await t.market.snapshot({ ...MINUTES, ...ALWAYS });
    await t.reader.close();
    await ticks[Symbol.asyncDispose]();
    await minutes[Symbol.asyncDispose]();
  });

  test('a Parquet export has the rows, and appears whole or not at all', async () => {
    await using t = await ingestorAndReader('parquet');
    await ingest(t.manager, D1, 800);
    await using snapshot = await t.market.snapshot({ ...TICKS, ...ALWAYS });
    const path = t.root.at('out.parquet');
    const sql = `SELECT * FROM ${snapshot.sources[0]?.relation}`;
    expect(await snapshot.exportParquet?.(sql, path)).toEqual({ rows: 800 });
    await using build = await openBuildInstance();
    const counted = await build.connection.runAndReadAll(
      `SELECT count(*) AS n FROM read_parquet('${path}')`,
    );
    expect(counted.getRowObjects()).toEqual([{ n: 800n }]);
    await expect(
      snapshot.exportParquet?.('SELECT nothing', t.root.at('bad.parquet')),
    ).rejects.toMatchObject({ code: 'QUERY_FAILED' });
    expect(readdirSync(t.root.path).filter((name) => name.endsWith('.parquet'))).toEqual([
      'out.parquet',
    ]);
  });

  test('500 queries at once, with few connections', async () => {
    await using t = await ingestorAndReader('many');
    await ingest(t.manager, D1, 1_000);
    const results = await Promise.all(
      Array.from(
        { length: 500 },
        async () => (await read(t.market, { ...TICKS, to: ALWAYS.to })).rows.length,
      ),
    );
    expect(new Set(results)).toEqual(new Set([1_000]));
  });
});

describe('a file that left between the moment and its ATTACH', () => {
  const missing = (): never => {
    throw new LiveError('SEGMENT_MISSING', 'Segment x is not there');
  };

  test('is looked for again when the catalogue moved', async () => {
    await using t = await ingestorAndReader('restart');
    await ingest(t.manager, D1, 1_000);
    const events: ManagerEvent[] = [];
    const moments = new Moments(t.root.layout, (event) => events.push(event));
    let calls = 0;
    const result = await moments.at(
      () => ['nse'],
      async (moment) => {
        calls += 1;
        if (calls > 1) return moment.live.get('nse')?.segments.length;
        await t.manager.live('nse').seal(D1); // what happened meanwhile
        return missing();
      },
    );
    expect([calls, result]).toEqual([2, 1]);
    expect(events).toMatchObject([{ type: 'read_restarted', attempt: 1 }]);
    moments.close();
  });

  test('is lost when nothing moved: the second look throws its error', async () => {
    await using t = await ingestorAndReader('lost');
    await ingest(t.manager, D1, 100);
    const moments = new Moments(t.root.layout, () => {});
    let calls = 0;
    await expect(
      moments.at(
        () => ['nse'],
        async () => {
          calls += 1;
          return missing();
        },
      ),
    ).rejects.toMatchObject({ code: 'SEGMENT_MISSING' });
    expect(calls).toBe(1);
    moments.close();
  });

  test('is looked for three times more at the most, however often the catalogue moves', async () => {
    await using t = await ingestorAndReader('thrice');
    const moments = new Moments(t.root.layout, () => {});
    let calls = 0;
    await expect(
      moments.at(
        () => ['nse'],
        async () => {
          calls += 1;
          await ingest(t.manager, D1, 100 * calls);
          await t.manager.live('nse').seal(D1);
          return missing();
        },
      ),
    ).rejects.toMatchObject({ code: 'SEGMENT_MISSING' });
    expect(calls).toBe(4);
    moments.close();
  });

  test('other errors are not tried again', async () => {
    await using t = await ingestorAndReader('other');
    const moments = new Moments(t.root.layout, () => {});
    let calls = 0;
    await expect(
      moments.at(
        () => ['nse'],
        async () => {
          calls += 1;
          throw new LiveError('SEGMENT_CORRUPT', 'Segment x differs');
        },
      ),
    ).rejects.toMatchObject({ code: 'SEGMENT_CORRUPT' });
    expect(calls).toBe(1);
    moments.close();
  });
});
