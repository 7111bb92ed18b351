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
import {
  archiveFile,
  buildMonth,
  Manifest,
  openBuildInstance,
  publishArchive,
  publishMonth,
} from '@tb/history';
import { Disposal, openSqlite } from '@tb/locks';
import { DatabaseManager, type ManagerEvent } from '@tb/manager';
import type { Layout } from '@tb/schema';
import { AttachCache } from '../src/market/attach-cache.ts';
import { CoverageCache } from '../src/market/coverage-cache.ts';
import { DuckEngine } from '../src/market/duck-engine.ts';
import { planSources } from '../src/market/plan-sources.ts';
import { SourceHolder } from '../src/market/source-holder.ts';
import { TailTables } from '../src/market/tail-tables.ts';
import { SourceVerifier } from '../src/market/verify-file.ts';
import { ALWAYS, read } from './market-rows.ts';
import { publishSource } from './rollover.ts';
import { dataRoot } from './roots.ts';

const MINUTES = { exchange: 'nse', kind: 'candles', timeframe: '1m' } as const;
/** NSE sessions in a row: as many as a month stands for at the least. */
const DATES = ['2026-02-02', '2026-02-03', '2026-02-04'] as const;
const COVERAGE = { source: 'feed', from: 1n, to: 2n };

/** A minute of each of the first hour of a date, of two symbols; `base` tells one build from another. */
function minutesSql(date: string, base: number): string {
  const open = BigInt(Date.parse(`${date}T03:45:00Z`)) * 1_000_000n;
  return `SELECT sid::INTEGER AS sid, make_timestamp_ns(${open} + minute * 60000000000) AS ts,
(${base} + sid)::DOUBLE AS open, (${base} + sid + 0.5)::DOUBLE AS high, (${base} + sid)::DOUBLE AS low,
(${base} + sid + 0.25)::DOUBLE AS close, 10::DOUBLE AS volume
FROM range(375) AS m(minute), range(1, 3) AS s(sid)`;
}

async function store(label: string, dates: readonly string[] = DATES) {
  const root = await dataRoot(label);
  const manager = await DatabaseManager.open({ root: root.path, role: 'ops' });
  {
    await using writer = await manager.marketDataWriter();
    await writer.sidsOf('nse', ['A', 'B'], dates[0] as string);
  }
  const publish = async (date: string, base: number, revision: number) => {
    await using build = await openBuildInstance();
    const source = { candles: { '1m': minutesSql(date, base) } };
    const counts = { rowsAdded: 0, rowsRemoved: 0, rowsChanged: 1 };
    const correction = { who: 'test', why: 'wrong price', ...counts };
    const options = revision === 1 ? {} : { revision, publish: { correction } };
    await publishSource(manager, 'nse', date, build.connection, source, [COVERAGE], options);
  };
  for (const date of dates) await publish(date, 100, 1);
  const events: ManagerEvent[] = [];
  const reader = await DatabaseManager.open({
    root: root.path,
    role: 'reader',
    onEvent: (event) => events.push(event),
  });
  return {
    root,
    layout: root.layout,
    manager,
    reader,
    market: reader.marketData,
    events,
    correct: (date: string, base: number) => publish(date, base, 2),
    async month(month: string) {
      await using again = await openBuildInstance();
      await using writer = await manager.marketDataWriter();
      const built = await buildMonth(again.connection, {
        layout: root.layout,
        snapshot: writer.snapshot(),
        exchange: 'nse',
        timeframe: '1m',
        month,
      });
      await publishMonth(writer, built);
      return root.layout.absolute(built.path);
    },
    async [Symbol.asyncDispose]() {
      await reader.close();
      await manager.close();
      root.remove();
    },
  };
}

function entryOf(layout: Layout, date: string) {
  using manifest = Manifest.openReader(layout);
  const entry = manifest
    .snapshot()
    .find({ ...MINUTES })
    .find((file) => file.tradingDate === date);
  if (!entry) throw new Error(`no file of ${date}`);
  return { ...entry, absolute: layout.absolute(entry.path) };
}

describe('days, months and the archive', () => {
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

  test('an archived day gives the same rows from Parquet', async () => {
    await using t = await store('archive', DATES.slice(0, 2));
    const before = await read(t.market, MINUTES);
    {
      await using build = await openBuildInstance();
      await using writer = await t.manager.marketDataWriter();
      const built = await archiveFile(build.connection, t.layout, entryOf(t.layout, DATES[0]));
      await publishArchive(writer, built);
    }
    const after = await read(t.market, MINUTES);
    expect(after.origins).toEqual(['day', 'archive']);
    expect(after.rows).toEqual(before.rows);
    expect(after.coverage).toEqual(expect.arrayContaining([COVERAGE, COVERAGE]));
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
