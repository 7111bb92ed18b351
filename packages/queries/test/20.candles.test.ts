import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { isQueryError, MarketDataQuery } from '@tb/queries';
import { candle, collect, MINUTE, minutes, session } from './support/made-data.ts';
import { TestStore } from './support/test-store.ts';

const calendar = calendarOf('nse');
let store: TestStore;
let query: MarketDataQuery;
const now = session(calendar, '2024-03-15').close;

beforeEach(async () => {
  store = await TestStore.open();
  query = new MarketDataQuery(store, { calendarOf, now: () => now });
});

afterEach(() => {
  // Whatever a test did, each snapshot was given back.
  expect(store.disposed).toBe(store.opened);
  store.close();
});

const day = session(calendar, '2024-03-12');
const range = { from: day.windowFrom, to: day.windowTo };

describe('candles', () => {
  test('come as recorded in order (ts, symbol), with their symbol by code', async () => {
    await store.candles('1m', '2024-03-12', [
      ...minutes(calendar, 'B', '2024-03-12', 2, 200),
      ...minutes(calendar, 'A', '2024-03-12', 2, 100),
    ]);
    const result = await query.candles({
      exchange: 'nse',
      symbols: ['B', 'A'],
      timeframe: '1m',
      ...range,
    });
    expect(result.symbols).toEqual(['A', 'B']);
    const rows = await collect(result.rows());
    expect(rows.map((row) => [row.symbol, row.ts - day.open, row.open])).toEqual([
      ['A', 0n, 100],
      ['B', 0n, 200],
      ['A', MINUTE, 101],
      ['B', MINUTE, 201],
    ]);
  });

  test('of a width that is not stored are derived from 1m, counted from the open', async () => {
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 10));
    const result = await query.candles({ exchange: 'nse', symbol: 'A', timeframe: '7m', ...range });
    const rows = await collect(result.rows());
    expect(rows).toEqual([
      {
        symbol: 'A',
        ts: day.open,
        open: 100,
        high: 108,
        low: 98,
        close: 107,
        volume: 70,
        filled: false,
      },
      {
        symbol: 'A',
        ts: day.open + 7n * MINUTE,
        open: 107,
        high: 111,
        low: 105,
        close: 110,
        volume: 30,
        filled: false,
      },
    ]);
  });

  test('hold all their minutes when the range ends inside them, and are left out when it begins inside', async () => {
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 15));
    const ask = async (from: bigint, to: bigint) =>
      collect(
        (await query.candles({ exchange: 'nse', symbol: 'A', timeframe: '5m', from, to })).rows(),
      );
    const rows = await ask(day.open + MINUTE, day.open + 6n * MINUTE);
    expect(rows.map((row) => [row.ts - day.open, row.volume])).toEqual([[5n * MINUTE, 50]]);
  });

  test('of a stored timeframe are read where they are stored, and derived for the date that has none', async () => {
    await store.candles('5m', '2024-03-11', [
      candle('A', session(calendar, '2024-03-11').open, 500),
    ]);
    await store.candles('1m', '2024-03-11', minutes(calendar, 'A', '2024-03-11', 5, 1));
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 5), {
      origin: 'live_candles',
    });
    const result = await query.candles({
      exchange: 'nse',
      symbol: 'A',
      timeframe: '5m',
      from: session(calendar, '2024-03-11').open,
      to: day.close,
    });
    const rows = await collect(result.rows());
    expect(rows.map((row) => [row.ts, row.open, row.close])).toEqual([
      [session(calendar, '2024-03-11').open, 500, 501],
      [day.open, 100, 105],
    ]);
  });

  test('of several days are grouped from Monday on and stamped with the first open of the group', async () => {
    const dates = ['2024-03-04', '2024-03-05', '2024-03-06', '2024-03-11', '2024-03-12'];
    for (const [i, date] of dates.entries())
      await store.candles('1m', date, minutes(calendar, 'A', date, 2, 100 * (i + 1)));
    const result = await query.candles({
      exchange: 'nse',
      symbol: 'A',
      timeframe: '7d',
      from: session(calendar, '2024-03-04').open,
      to: day.close,
      onGap: 'report',
    });
    const rows = await collect(result.rows());
    expect(rows.map((row) => [row.ts, row.open, row.close, row.volume])).toEqual([
      [session(calendar, '2024-03-04').open, 100, 302, 60],
      [session(calendar, '2024-03-11').open, 400, 502, 40],
    ]);
    expect(result.missingDates).toEqual(['2024-03-07']);
  });

  test('an unknown symbol is an error by name, or empty by choice', async () => {
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 1));
    const ask = { exchange: 'nse', symbols: ['A', 'NOPE'], timeframe: '1m', ...range };
    await expect(query.candles(ask)).rejects.toMatchObject({ code: 'UNKNOWN_SYMBOL' });
    const result = await query.candles({ ...ask, onUnknownSymbol: 'empty' });
    expect((await result.columns()).rows).toBe(1);
  });

  test('a session missing between others is an error by default, and named', async () => {
    for (const date of ['2024-03-11', '2024-03-13'])
      await store.candles('1m', date, minutes(calendar, 'A', date, 1));
    const ask = {
      exchange: 'nse',
      symbol: 'A',
      timeframe: '1m',
      from: session(calendar, '2024-03-11').open,
      to: session(calendar, '2024-03-13').close,
    };
    const refused = await query.candles(ask).catch((error: unknown) => error);
    expect(isQueryError(refused, 'GAP')).toBe(true);
    expect((refused as Error).message).toContain('2024-03-12');
    await using result = await query.candles({ ...ask, onGap: 'report' });
    expect(result.missingDates).toEqual(['2024-03-12']);
  });
});
