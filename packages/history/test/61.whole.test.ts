import { existsSync, rmSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  type BuiltMonth,
  buildMonth,
  type FilePlan,
  Manifest,
  publishFiles,
  publishMonth,
  staleMonths,
  staleWhole,
} from '@tb/history';
import { Market } from './market.ts';

/** Three months: the first is of two days, the last is the one that still grows. */
const DATES = ['2025-12-30', '2025-12-31', '2026-01-29', '2026-01-30', '2026-02-02'] as const;
const CLOSED = DATES.slice(0, 4);

async function threeMonths(): Promise<Market> {
  const market = await Market.open();
  await market.symbols(2, DATES[0]);
  for (const date of DATES) await market.publish(await market.candleDay(date));
  return market;
}

function planOf(market: Market, range: { from?: string; to?: string; asOf?: bigint } = {}) {
  using manifest = Manifest.openReader(market.layout);
  const query = { exchange: 'nse', kind: 'candles', timeframe: '1d', ...range } as const;
  return manifest.snapshot().plan(query);
}

function staleOf(market: Market, timeframe: '1m' | '1d'): readonly (string | undefined)[] {
  using manifest = Manifest.openReader(market.layout);
  const of = { layout: market.layout, snapshot: manifest.snapshot(), exchange: 'nse', timeframe };
  return [...staleMonths(of), staleWhole(of)];
}

async function publish(market: Market, month: string): Promise<BuiltMonth> {
  using manifest = Manifest.openReader(market.layout);
  const { layout } = market;
  const built = await buildMonth(market.duck.connection, {
    ...{ layout, snapshot: manifest.snapshot(), exchange: 'nse', timeframe: '1d', month },
  });
  await using writer = await market.writer();
  await publishMonth(writer, built);
  return built;
}

function chosen({ months, days }: FilePlan): string[] {
  return [...months.map((one) => one.month.month), ...days.map((day) => day.tradingDate)];
}

async function differences(market: Market, path: string): Promise<unknown> {
  using manifest = Manifest.openReader(market.layout);
  const { connection } = market.duck;
  const days = manifest.snapshot().daysOfMonth('nse', '1d', '..2026-01');
  const paths = [path, ...days.map((day) => day.path)];
  for (const [i, one] of paths.entries())
    await connection.run(
      `ATTACH '${market.layout.absolute(one)}' AS part${i} (TYPE duckdb, READ_ONLY)`,
    );
  const union = days.map((_, i) => `FROM part${i + 1}.main.data`).join(' UNION ALL ');
  const found = await market.rows(
    `SELECT (SELECT count(*) FROM (FROM part0.main.data EXCEPT ALL (${union}))) AS extra,
       (SELECT count(*) FROM ((${union}) EXCEPT ALL FROM part0.main.data)) AS lost`,
  );
  for (const i of paths.keys()) await connection.run(`DETACH part${i}`);
  return found;
}

describe('the file of all closed months', () => {
  test('is wanted of 1d once two months are closed, and never of 1m', async () => {
    await using market = await threeMonths();
    expect(staleOf(market, '1d')).toEqual(['2025-12', '2026-01', '..2026-01']);
    expect(staleOf(market, '1m')).toEqual(['2025-12', '2026-01', undefined]);
    await publish(market, '2025-12');
    await publish(market, '2026-01');
    await publish(market, '..2026-01');
    expect(staleOf(market, '1d')).toEqual([undefined]);
  });

  test('has exactly the rows of its days, made from months or from days, and stands for them', async () => {
    await using market = await threeMonths();
    const fromDays = await publish(market, '..2026-01');
    expect(fromDays).toMatchObject({ rows: 4 * 2, symbols: 2 });
    expect(fromDays.path).toMatch(
      /^market_data\/nse\/candles\/1d\/whole\/2026-01-[0-9a-f]{12}\.duckdb$/,
    );
    expect(await differences(market, fromDays.path)).toEqual([{ extra: 0n, lost: 0n }]);
    expect(chosen(planOf(market))).toEqual(['..2026-01', '2026-02-02']);
    expect(planOf(market).months[0]?.days.map((day) => day.tradingDate)).toEqual(CLOSED);
    expect(chosen(planOf(market, { from: '2026-01-30' }))).toEqual(['2026-01-30', '2026-02-02']);

    const month = await publish(market, '2025-12');
    const fromMonths = await publish(market, '..2026-01');
    expect(fromMonths.path).toBe(fromDays.path);
    expect(await differences(market, fromMonths.path)).toEqual([{ extra: 0n, lost: 0n }]);
    // A month is derived too: one that is gone is done without, and wanted again.
    rmSync(market.layout.absolute(month.path));
    expect(staleOf(market, '1d')).toEqual(['2025-12', '2026-01', undefined]);
    const withoutMonth = await publish(market, '..2026-01');
    expect(await differences(market, withoutMonth.path)).toEqual([{ extra: 0n, lost: 0n }]);
  });

  test('is not touched by days of the newest month, and is replaced when that one closes', async () => {
    await using market = await threeMonths();
    const before = await publish(market, '..2026-01');
    await market.publish(await market.candleDay('2026-02-03'));
    expect(chosen(planOf(market))).toEqual(['..2026-01', '2026-02-02', '2026-02-03']);
    await market.publish(await market.candleDay('2026-03-02'));
    expect(staleOf(market, '1d').at(-1)).toBe('..2026-02');
    await publish(market, '..2026-02');
    expect(chosen(planOf(market))).toEqual(['..2026-02', '2026-03-02']);
    using manifest = Manifest.openReader(market.layout);
    expect(manifest.snapshot().months('nse', '1d')).toHaveLength(1);
    expect(existsSync(market.layout.absolute(before.path))).toBe(true); // garbage: a reader may hold it
  });

  test('is not used once a day in it was added or corrected, except as of before', async () => {
    await using market = await threeMonths();
    await publish(market, '..2026-01');
    await market.minutes('minutes', DATES[0], 2);
    const source = { candles: { '1m': 'SELECT * REPLACE (volume + 1 AS volume) FROM minutes' } };
    const corrected = await market.build(DATES[0], { source, revision: 2 });
    await using writer = await market.writer();
    const correction = { who: 'w', why: 'y', rowsAdded: 0, rowsRemoved: 0, rowsChanged: 750 };
    await publishFiles(writer, corrected.files, { correction });
    expect(chosen(planOf(market))).toEqual(DATES);
    const asOf = (writer.snapshot().revisionsOf('nse', DATES[0]).at(-1)?.publishedAt ?? 0n) - 1n;
    expect(chosen(planOf(market, { asOf }))).toEqual(['..2026-01', '2026-02-02']);
    expect(staleOf(market, '1d').at(-1)).toBe('..2026-01');
  });
});
