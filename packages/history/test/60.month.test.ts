import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  type BuiltMonth,
  buildMonth,
  datesOfPeriod,
  discardFiles,
  type FilePlan,
  Manifest,
  publishFiles,
  publishMonth,
  staleMonths,
  sweepGarbage,
  verifyFile,
  withAttached,
} from '@tb/history';
import { Market } from './market.ts';

const DATES = ['2026-02-02', '2026-02-03', '2026-02-04', '2026-02-05'] as const;

async function market4(): Promise<Market> {
  const market = await Market.open();
  await market.symbols(2, DATES[0]);
  for (const date of DATES) await market.publish(await market.candleDay(date));
  return market;
}

function planOf(market: Market, from?: string, asOf?: bigint): FilePlan {
  using manifest = Manifest.openReader(market.layout);
  return manifest
    .snapshot()
    .plan({ exchange: 'nse', kind: 'candles', timeframe: '1m', from, asOf });
}

async function buildFebruary(market: Market): Promise<BuiltMonth> {
  using manifest = Manifest.openReader(market.layout);
  return await buildMonth(market.duck.connection, {
    layout: market.layout,
    snapshot: manifest.snapshot(),
    exchange: 'nse',
    timeframe: '1m',
    month: '2026-02',
  });
}

async function publishFebruary(market: Market): Promise<BuiltMonth> {
  const built = await buildFebruary(market);
  await using writer = await market.writer();
  await publishMonth(writer, built);
  return built;
}

describe('a month', () => {
  test('has exactly the rows of its days, sorted by (sid, ts), and describes itself', async () => {
    await using market = await market4();
    const built = await publishFebruary(market);
    expect(built).toMatchObject({ rows: 4 * 750, symbols: 2, month: '2026-02' });
    const { months, days } = planOf(market);
    expect(days).toEqual([]);
    expect(months.map((one) => [one.month.path, one.days.length])).toEqual([[built.path, 4]]);
    const { connection } = market.duck;
    using manifest = Manifest.openReader(market.layout);
    const entries = manifest.snapshot().daysOfMonth('nse', '1m', '2026-02');
    await connection.run(`ATTACH '${market.layout.absolute(built.path)}' AS month (READ_ONLY)`);
    await withAttached(connection, market.layout, entries, async (relations) => {
      const union = relations.map((one) => `SELECT * FROM ${one}`).join(' UNION ALL ');
      const [left] = await market.rows(
        `SELECT (SELECT count(*) FROM (FROM month.main.data EXCEPT ALL (${union}))) AS extra,
           (SELECT count(*) FROM ((${union}) EXCEPT ALL FROM month.main.data)) AS lost`,
      );
      expect(left).toEqual({ extra: 0n, lost: 0n });
    });
    const stored = await market.rows('SELECT sid, epoch_ns(ts) AS ts FROM month.main.data');
    expect(stored).toEqual(
      await market.rows('SELECT sid, epoch_ns(ts) AS ts FROM month.main.data ORDER BY sid, ts'),
    );
    expect(await market.rows('SELECT trading_date FROM month.main.metadata')).toEqual([
      { trading_date: '2026-02' },
    ]);
    await connection.run('DETACH month');
  });

  test('says when feeds were connected, as its days do', async () => {
    await using market = await Market.open();
    await market.symbols(2, DATES[0]);
    const ranges = DATES.map((date) => {
      const from = BigInt(Date.parse(`${date}T04:00:00Z`)) * 1_000_000n;
      return { source: 'feed', from, to: from + 3_600_000_000_000n };
    });
    for (const [at, date] of DATES.entries())
      await market.publish(await market.candleDay(date, [ranges[at]!]));
    const built = await publishFebruary(market);
    const { connection } = market.duck;
    await connection.run(`ATTACH '${market.layout.absolute(built.path)}' AS month (READ_ONLY)`);
    const stored = await market.rows(
      'SELECT source, epoch_ns(from_ts) AS "from", epoch_ns(to_ts) AS "to" FROM month.main.coverage ORDER BY from_ts',
    );
    await connection.run('DETACH month');
    expect(stored).toEqual(ranges);
  });

  test('stands for its days only from three days on', async () => {
    await using market = await market4();
    await publishFebruary(market);
    expect(planOf(market, DATES[1]).months).toHaveLength(1);
    expect(planOf(market, DATES[2])).toMatchObject({
      months: [],
      days: [{ tradingDate: DATES[2] }, { tradingDate: DATES[3] }],
    });
  });

  test('is not used once a day is added or corrected, and is stale then', async () => {
    await using market = await market4();
    await publishFebruary(market);
    const stale = (): readonly string[] => {
      using manifest = Manifest.openReader(market.layout);
      return staleMonths({
        layout: market.layout,
        snapshot: manifest.snapshot(),
        exchange: 'nse',
        timeframe: '1m',
      });
    };
    expect(stale()).toEqual([]);
    await market.publish(await market.candleDay('2026-02-06'));
    expect(planOf(market)).toMatchObject({ months: [], days: { length: 5 } });
    expect(stale()).toEqual(['2026-02']);
    await publishFebruary(market);
    expect(planOf(market).months).toHaveLength(1);

    await market.minutes('minutes', DATES[0], 2);
    const source = { candles: { '1m': 'SELECT * REPLACE (volume + 1 AS volume) FROM minutes' } };
    const corrected = await market.build(DATES[0], { source, revision: 2 });
    await using writer = await market.writer();
    const correction = { who: 'w', why: 'y', rowsAdded: 0, rowsRemoved: 0, rowsChanged: 750 };
    await publishFiles(writer, corrected.files, { correction });
    const plan = planOf(market);
    expect(plan.months).toEqual([]);
    expect(plan.days.map((day) => day.revision)).toEqual([2, 1, 1, 1, 1]);
    expect(stale()).toEqual(['2026-02']);
    // For what was known before the correction, the old month still is the right one.
    const before = (writer.snapshot().revisionsOf('nse', DATES[0]).at(-1)?.publishedAt ?? 0n) - 1n;
    expect(planOf(market, undefined, before).months).toHaveLength(1);
  });

  test('built from days that changed meanwhile is not published', async () => {
    await using market = await market4();
    const built = await buildFebruary(market);
    await market.publish(await market.candleDay('2026-02-06'));
    await using writer = await market.writer();
    await expect(publishMonth(writer, built)).rejects.toMatchObject({ code: 'MANIFEST_MOVED' });
    expect(planOf(market).months).toEqual([]);
  });

  test('that replaces another leaves the old file for a minute, then it goes', async () => {
    await using market = await market4();
    const first = await publishFebruary(market);
    await market.publish(await market.candleDay('2026-02-06'));
    const second = await publishFebruary(market);
    expect(second.path).not.toBe(first.path);
    const old = market.layout.absolute(first.path);
    await using writer = await market.writer();
    expect(sweepGarbage(writer)).toEqual([]);
    expect(existsSync(old)).toBe(true);
    await writer.close();
    await using later = await market.writer(
      'later',
      () => BigInt(Date.now() + 61_000) * 1_000_000n,
    );
    expect(sweepGarbage(later)).toEqual([first.path]);
    expect(existsSync(old)).toBe(false);
    expect(sweepGarbage(later)).toEqual([]);
  });

  test('can be deleted at any time with no loss, and built again under the same name', async () => {
    await using market = await market4();
    const first = await publishFebruary(market);
    rmSync(market.layout.absolute(first.path));
    const [planned] = planOf(market).months;
    await expect(verifyFile(market.layout, planned?.month ?? first)).rejects.toMatchObject({
      code: 'DAY_FILE_MISSING',
    });
    for (const day of planned?.days ?? []) await verifyFile(market.layout, day);
    const again = await publishFebruary(market);
    expect(again.path).toBe(first.path);
    await verifyFile(market.layout, again);
  });

  test('removes what a killed build of the same month left, and nothing else', async () => {
    await using market = await market4();
    const folder = dirname(market.layout.absolute((await publishFebruary(market)).path));
    const left = [2, 3].map((month) => join(folder, `.tmp-2026-0${month}-01-aaaa.duckdb`));
    for (const path of left) writeFileSync(path, 'half');
    await discardFiles(market.layout, [await buildFebruary(market)]);
    expect(left.map((path) => existsSync(path))).toEqual([false, true]);
  });

  test('refuses to be built from a day that is damaged, or from none', async () => {
    await using market = await market4();
    using manifest = Manifest.openReader(market.layout);
    const spec = {
      layout: market.layout,
      snapshot: manifest.snapshot(),
      exchange: 'nse',
      timeframe: '1m',
    } as const;
    await expect(
      buildMonth(market.duck.connection, { ...spec, month: '2026-03' }),
    ).rejects.toMatchObject({ code: 'NOT_PUBLISHED' });
    const [day] = manifest.snapshot().daysOfMonth('nse', '1m', '2026-02');
    rmSync(market.layout.absolute(day?.path ?? ''));
    await expect(buildFebruary(market)).rejects.toMatchObject({ code: 'DAY_FILE_MISSING' });
  });

  test.each([
    ['2026-02', '2026-02-01', '2026-03-01'],
    ['2024-12', '2024-12-01', '2025-01-01'],
    ['..2024-12', undefined, '2025-01-01'],
  ])('%s has the dates from %s to before %s', (month, from, to) => {
    expect(datesOfPeriod(month)).toEqual({ from, to });
  });
});
