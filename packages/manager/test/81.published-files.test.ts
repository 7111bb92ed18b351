import {
  chmodSync,
  copyFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Manifest } from '@tb/history';
import { Disposal, openSqlite } from '@tb/locks';
import { DatabaseManager } from '@tb/manager';
import type { MarketDataRequest } from '@tb/schema';
import { AttachCache } from '../src/market/attach-cache.ts';
import { CoverageCache } from '../src/market/coverage-cache.ts';
import { DuckEngine } from '../src/market/duck-engine.ts';
import { planSources } from '../src/market/plan-sources.ts';
import { SourceHolder } from '../src/market/source-holder.ts';
import { TailTables } from '../src/market/tail-tables.ts';
import { SourceVerifier } from '../src/market/verify-file.ts';
import { ALWAYS, read } from './market-rows.ts';
import { COVERAGE, DATES, entryOf, MINUTES, store } from './published-store.ts';

describe('days and months', () => {
  test('a month answers for its days with the same rows and the same files, until a day in it changes', async () => {
    await using t = await store('months');
    const days = await read(t.market, MINUTES);
    expect(days.origins).toEqual(DATES.map(() => 'day'));
    expect(days.rows).toHaveLength(3 * 2 * 375);
    expect(days.coverage).toEqual(DATES.map(() => COVERAGE));
    const path = await t.month('2026-02');
    const month = await read(t.market, MINUTES);
    expect(month.origins).toEqual(['month']);
    expect(month.rows).toEqual(days.rows);
    expect(month.tradingDates).toEqual(DATES);
    expect(month.files).toEqual(days.files);
    await t.correct('2026-02-04', 200);
    const corrected = await read(t.market, MINUTES);
    expect(corrected.origins).toEqual(DATES.map(() => 'day'));
    expect(corrected.rows).not.toEqual(days.rows);
    expect(corrected.files[2]).toMatchObject({ tradingDate: '2026-02-04', revision: 2 });
    expect(statSync(path).size).toBeGreaterThan(0);
  });

  test('asOf gives the revisions of that time, and the month made of them', async () => {
    await using t = await store('as-of');
    await t.month('2026-02');
    const before = await read(t.market, MINUTES);
    const asOf = entryOf(t.layout, '2026-02-04').publishedAt;
    await t.correct('2026-02-03', 200);
    expect((await read(t.market, MINUTES)).rows).not.toEqual(before.rows);
    const then = await read(t.market, { ...MINUTES, asOf });
    expect(then.rows).toEqual(before.rows);
    expect(then.origins).toEqual(['month']);
    expect((await read(t.market, { ...MINUTES, asOf: 0n })).rows).toEqual([]);
  });

  test('one day out of a month is read from its day file', async () => {
    await using t = await store('one-day');
    await t.month('2026-02');
    const from = BigInt(Date.parse('2026-02-04T00:00:00Z')) * 1_000_000n;
    const day = await read(t.market, { ...MINUTES, from, to: from + 86_400_000_000_000n });
    expect(day.origins).toEqual(['day']);
    expect(day.tradingDates).toEqual(['2026-02-04']);
    expect(day.rows).toHaveLength(750);
  });

  test('what was planned for a range is not taken for another range, timeframe or moment', async () => {
    await using t = await store('plans');
    const day = 86_400_000_000_000n;
    const from = BigInt(Date.parse(`${DATES[0]}T00:00:00Z`)) * 1_000_000n;
    const spans = Array.from({ length: 10 }, (_, i) => [from, from + BigInt(i) * (day / 2n)]);
    const ranges = spans.map(([start, end]) => ({ from: start as bigint, to: end as bigint }));
    const published = entryOf(t.layout, DATES[0]).publishedAt;
    const requests = [
      ...ranges.map((range) => ({ ...MINUTES, ...range })),
      ...ranges.map((range) => ({ ...MINUTES, ...range, timeframe: '1d' as const })),
      ...[published - 1n, published].map((asOf) => ({ ...MINUTES, ...ALWAYS, asOf })),
    ];
    using manifest = Manifest.openReader(t.layout);
    const plan = (request: MarketDataRequest) =>
      planSources(request, undefined, manifest.snapshot());
    const first = requests.map(plan);
    expect(first.map(({ days }) => days.length).slice(0, 10)).toEqual([
      0, 1, 1, 2, 2, 3, 3, 3, 3, 3,
    ]);
    for (const [i, request] of requests.entries()) {
      using fresh = Manifest.openReader(t.layout); // knows nothing of what was planned before
      expect(plan(request)).toEqual(first[i]);
      expect(planSources(request, undefined, fresh.snapshot())).toEqual(first[i]);
    }
    const everything = { ...MINUTES, ...ALWAYS };
    expect(plan(everything).months).toEqual([]);
    await t.month('2026-02');
    expect(plan(everything).months).toHaveLength(1);
  });

  test.each(['deleted', 'damaged'] as const)(
    'a month that was %s is done without, and told',
    async (how) => {
      await using t = await store(`month-${how}`);
      const days = await read(t.market, MINUTES);
      const path = await t.month('2026-02');
      if (how === 'deleted') renameSync(path, `${path}.gone`);
      else flipByte(path);
      const now = await read(t.market, MINUTES);
      expect(now.rows).toEqual(days.rows);
      expect(now.origins).toEqual(DATES.map(() => 'day'));
      expect(t.events).toMatchObject([{ type: 'month_unusable' }]);
    },
  );

  test('files beyond the budget are read by name, with the same rows', async () => {
    await using t = await store('budget');
    const expected = await read(t.market, MINUTES);
    await using held = new Disposal();
    const engine = await DuckEngine.open({});
    held.defer(() => engine.close());
    using manifest = Manifest.openReader(t.layout);
    const request = { ...MINUTES, ...ALWAYS };
    const coverage = new CoverageCache(t.layout);
    const holder = new SourceHolder(
      {
        ...{ layout: t.layout, engine, coverage },
        cache: new AttachCache(engine, 1),
        tails: new TailTables(engine),
        verifier: new SourceVerifier(t.layout, () => undefined),
        onEvent: () => {},
      },
      request,
    );
    held.use(holder);
    await holder.holdAll(
      planSources(request, undefined, manifest.snapshot()),
      undefined,
      undefined,
    );
    expect(holder.sources.map((source) => source.tradingDates)).toEqual([
      [DATES[0], DATES[1]],
      [DATES[2]],
    ]);
    expect(holder.namedFiles).toHaveLength(2);
    const relations = holder.sources.map((source) => `SELECT * FROM ${source.relation}`);
    let rows = 0;
    for await (const chunk of engine.stream(relations.join(' UNION ALL '), [])) rows += chunk.rows;
    expect(rows).toBe(expected.rows.length);
    expect(holder.sources.flatMap((source) => source.files)).toEqual(expected.files);
    expect(await holder.coverage()).toEqual(expected.coverage);
  });

  test('files of the wider timeframes are read by their name', async () => {
    await using t = await store('wider', DATES.slice(0, 1));
    expect((await read(t.market, { ...MINUTES, timeframe: '1h' })).rows).toHaveLength(14);
    expect((await read(t.market, { ...MINUTES, timeframe: '1d' })).rows).toHaveLength(2);
    await expect(
      t.market.snapshot({ exchange: 'nse', kind: 'candles', ...ALWAYS }),
    ).rejects.toThrow('names its stored timeframe');
    await expect(
      t.market.snapshot({ ...MINUTES, exchange: '../nse', ...ALWAYS }),
    ).rejects.toMatchObject({ code: 'BAD_NAME' });
  });
});

describe('a published file that is not what the manifest says', () => {
  test.each<[string, string, (path: string) => void]>([
    ['one changed byte', 'DAY_FILE_CORRUPT', flipByte],
    ['cut short', 'DAY_FILE_CORRUPT', (path) => change(path, () => truncateSync(path, 4_096))],
    ['empty', 'DAY_FILE_CORRUPT', (path) => change(path, () => truncateSync(path, 0))],
    [
      'text of the same size',
      'DAY_FILE_CORRUPT',
      (path) => change(path, () => writeFileSync(path, 'x'.repeat(statSync(path).size))),
    ],
    ['two blocks swapped', 'DAY_FILE_CORRUPT', swapBlocks],
    ['with a .wal beside it', 'DAY_FILE_CORRUPT', (path) => writeFileSync(`${path}.wal`, 'wal')],
    ['gone', 'DAY_FILE_MISSING', (path) => renameSync(path, `${path}.gone`)],
  ])('%s: %s before any query uses it, and other dates go on', async (_name, code, spoil) => {
    await using t = await store('spoilt');
    const { absolute } = entryOf(t.layout, DATES[1]);
    spoil(absolute);
    await expect(t.market.snapshot({ ...MINUTES, ...ALWAYS })).rejects.toMatchObject({
      name: 'HistoryError',
      code,
    });
    const to = BigInt(Date.parse(`${DATES[1]}T00:00:00Z`)) * 1_000_000n;
    expect((await read(t.market, { ...MINUTES, to })).rows).toHaveLength(750);
    expect(t.events).toEqual([]); // the manifest did not move: no second look
  });

  test('a day file of another date in its place', async () => {
    await using t = await store('foreign', DATES.slice(0, 2));
    const [first, second] = [entryOf(t.layout, DATES[0]), entryOf(t.layout, DATES[1])];
    change(second.absolute, () => copyFileSync(first.absolute, second.absolute));
    await expect(t.market.snapshot({ ...MINUTES, ...ALWAYS })).rejects.toMatchObject({
      code: 'DAY_FILE_CORRUPT',
    });
  });
});

describe('a manifest that was put in the place of the old one', () => {
  test('is read from then on; one with less than was seen is STEPPED_BACK until a new manager is opened', async () => {
    await using t = await store('restored', DATES.slice(0, 2));
    const copy = async (name: string): Promise<string> => {
      const db = openSqlite(t.layout.manifest, { readonly: true });
      await db.backup(t.root.at(name));
      db.close();
      return t.root.at(name);
    };
    const older = await copy('older.db');
    const before = await read(t.market, MINUTES);
    await t.correct(DATES[1], 200);
    const after = await read(t.market, MINUTES);
    const same = await copy('same.db');
    const replace = (path: string): void => {
      renameSync(path, t.layout.manifest);
      for (const suffix of ['-wal', '-shm'])
        rmSync(`${t.layout.manifest}${suffix}`, { force: true });
    };
    replace(same);
    expect((await read(t.market, MINUTES)).rows).toEqual(after.rows);
    replace(older);
    await expect(read(t.market, MINUTES)).rejects.toMatchObject({ code: 'STEPPED_BACK' });
    await using fresh = await DatabaseManager.open({ root: t.root.path, role: 'reader' });
    expect((await read(fresh.marketData, MINUTES)).rows).toEqual(before.rows);
  });
});

function change(path: string, how: () => void): void {
  chmodSync(path, 0o644);
  how();
  chmodSync(path, 0o444);
}

function flipByte(path: string): void {
  change(path, () => {
    const bytes = readFileSync(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
    writeFileSync(path, bytes);
  });
}

function swapBlocks(path: string): void {
  change(path, () => {
    const bytes = readFileSync(path);
    const [header, block] = [12_288, 65_536];
    const first = Buffer.from(bytes.subarray(header, header + block));
    bytes.copyWithin(header, header + block, header + 2 * block);
    first.copy(bytes, header + block);
    writeFileSync(path, bytes);
  });
}
