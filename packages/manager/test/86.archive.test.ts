import { renameSync, rmSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { pruneRevisions } from '@tb/history';
import { DatabaseManager } from '@tb/manager';
import { read } from './market-rows.ts';
import { COVERAGE, DATES, entryOf, MINUTES, store } from './published-store.ts';

describe('the archive', () => {
  test('an archived day gives the same rows from Parquet', async () => {
    await using t = await store('archive', DATES.slice(0, 2));
    const before = await read(t.market, MINUTES);
    await t.archive(DATES.slice(0, 1));
    const after = await read(t.market, MINUTES);
    expect(after.origins).toEqual(['day', 'archive']);
    expect(after.rows).toEqual(before.rows);
    expect(after.coverage).toEqual(expect.arrayContaining([COVERAGE, COVERAGE]));
  });

  test('a month over archived days answers as its days did, and so do they when it is gone', async () => {
    await using t = await store('month-over-archive');
    const days = await read(t.market, MINUTES);
    await t.archive(DATES.slice(0, 2));
    const path = await t.month('2026-02');
    const month = await read(t.market, MINUTES);
    expect(month.origins).toEqual(['month']);
    expect(month.rows).toEqual(days.rows);
    expect(month.coverage).toEqual(days.coverage);
    expect(month.tradingDates).toEqual(DATES);
    const named = month.files.map((file) => file.path.split('.').at(-1));
    expect(named).toEqual(['parquet', 'parquet', 'duckdb']);
    renameSync(path, `${path}.gone`);
    // A reader that has it open reads on from the open file.
    await using other = await DatabaseManager.open({ root: t.root.path, role: 'reader' });
    const without = await read(other.marketData, MINUTES);
    expect(without.origins).toEqual(['day', 'archive', 'archive']);
    expect(without.rows).toEqual(days.rows);
    expect(without.coverage).toHaveLength(days.coverage.length);
  });

  test('a month stays in use when its days go to the archive and their old revisions are pruned', async () => {
    await using t = await store('archive-under-month');
    const asOf = entryOf(t.layout, DATES[2]).publishedAt;
    await t.correct(DATES[1], 200);
    await t.month('2026-02');
    const before = await read(t.market, MINUTES);
    expect(before.origins).toEqual(['month']);
    await t.archive(DATES);
    {
      await using writer = await t.manager.marketDataWriter();
      const pruned = pruneRevisions(writer, { exchange: 'nse', keepDays: 0 });
      expect(pruned.map((one) => [one.tradingDate, one.revision])).toContainEqual([DATES[1], 1]);
      for (const one of pruned) rmSync(t.layout.absolute(one.path));
    }
    const after = await read(t.market, MINUTES);
    expect(after.origins).toEqual(['month']);
    expect(after.rows).toEqual(before.rows);
    expect(after.coverage).toEqual(before.coverage);
    await expect(read(t.market, { ...MINUTES, asOf })).rejects.toMatchObject({
      code: 'REVISION_PRUNED',
    });
  });

  test('the file of all closed months, made of archived days, answers as they did', async () => {
    const dates = ['2025-12-30', '2025-12-31', '2026-01-29', '2026-01-30', '2026-02-02'];
    const daily = { ...MINUTES, timeframe: '1d' } as const;
    await using t = await store('whole-over-archive', dates);
    const days = await read(t.market, daily);
    await t.archive(dates.slice(0, 3), '1d');
    await t.month('..2026-01', '1d');
    const whole = await read(t.market, daily);
    expect(whole.origins).toEqual(['month', 'day']);
    expect(whole.rows).toEqual(days.rows);
    expect(whole.tradingDates).toEqual(dates);
    expect(whole.coverage).toEqual(days.coverage);
    await t.archive(['2026-01-30'], '1d');
    const later = await read(t.market, daily);
    expect(later.origins).toEqual(['month', 'day']);
    expect(later.rows).toEqual(days.rows);
  });
});
