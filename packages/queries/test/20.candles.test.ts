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

  test('add fractional volumes in the order of time, whatever the order of the sources', async () => {
    const row = (i: number, volume: number) =>
      candle('A', day.open + BigInt(i) * MINUTE, 100, volume);
    await store.candles('1m', '2024-03-12', [row(2, 0.3)], { origin: 'segment' });
    await store.candles('1m', '2024-03-12', [row(0, 0.1), row(1, 0.2)], { origin: 'live_candles' });
    const result = await query.candles({ exchange: 'nse', symbol: 'A', timeframe: '5m', ...range });
    expect((await result.columns()).volume[0]).toBe(0.1 + 0.2 + 0.3); // 0.3 + 0.1 + 0.2 is another number
  });

  test('a publication between the two views of a query is not seen as a hole', async () => {
    await store.candles('5m', '2024-03-11', [
      candle('A', session(calendar, '2024-03-11').open, 500),
    ]);
    await store.candles('1m', '2024-03-11', minutes(calendar, 'A', '2024-03-11', 5, 500));
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 5), {
      origin: 'live_candles',
    });
    let isPublished = false;
    store.afterSnapshot = async () => {
      if (isPublished) return;
      isPublished = true;
      store.remove('candles', '1m', '2024-03-12');
      await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 5));
      await store.candles('5m', '2024-03-12', [
        { ...candle('A', day.open, 100), high: 106, close: 105, volume: 50 },
      ]);
      store.manifestVersion += 1;
    };
    const from = session(calendar, '2024-03-11').open;
    const result = await query.candles({
      exchange: 'nse',
      symbol: 'A',
      timeframe: '5m',
      from,
      to: day.close,
    });
    expect(result.watermark.manifestVersion).toBe(2);
    expect((await collect(result.rows())).map((row) => row.volume)).toEqual([10, 50]);
  });

  test('publications without end are an error, not an answer', async () => {
    await store.candles('5m', '2024-03-11', [
      candle('A', session(calendar, '2024-03-11').open, 500),
    ]);
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 5), {
      origin: 'live_candles',
    });
    store.afterSnapshot = async () => {
      store.manifestVersion += 1;
    };
    const from = session(calendar, '2024-03-11').open;
    const asked = query.candles({
      exchange: 'nse',
      symbol: 'A',
      timeframe: '5m',
      from,
      to: day.close,
    });
    await expect(asked).rejects.toMatchObject({ code: 'SNAPSHOT_MOVED', retryable: true });
  });

  test('as of a time are those of the revision published then, without live rows', async () => {
    await store.candles('1m', '2024-03-11', minutes(calendar, 'A', '2024-03-11', 2, 1), {
      publishedAt: now,
    });
    await store.candles('1m', '2024-03-11', minutes(calendar, 'A', '2024-03-11', 2, 7), {
      publishedAt: now + 9n,
    });
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 2), {
      origin: 'tail',
    });
    const from = session(calendar, '2024-03-11').open;
    const ask = { exchange: 'nse', symbol: 'A', timeframe: '1m', from, to: day.close };
    const opens = async (asOf?: bigint) => [
      ...(await (await query.candles({ ...ask, asOf, onUnknownSymbol: 'empty' })).columns()).open,
    ];
    expect(await opens(now - 1n)).toEqual([]);
    expect(await opens(now)).toEqual([1, 2]);
    expect(await opens(now + 9n)).toEqual([7, 8]);
    expect(await opens()).toEqual([7, 8, 100, 101]);
  });

  test('of every symbol, without naming one, come in the same order', async () => {
    await store.candles('1m', '2024-03-12', [
      ...minutes(calendar, 'B', '2024-03-12', 1),
      ...minutes(calendar, 'A', '2024-03-12', 1),
    ]);
    store.sid('NEVER TRADED');
    const result = await query.candles({ exchange: 'nse', timeframe: '1m', ...range });
    expect(result.symbols).toEqual(['A', 'B']);
    expect((await collect(result.rows())).map((row) => row.symbol)).toEqual(['A', 'B']);
  });

  test('closedOnly leaves out the candle that forms', async () => {
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 12));
    const at = (minute: bigint) =>
      new MarketDataQuery(store, { calendarOf, now: () => day.open + minute * MINUTE });
    const count = async (minute: bigint, timeframe: string) => {
      const ask = { exchange: 'nse', symbol: 'A', timeframe, ...range, closedOnly: true };
      return (await (await at(minute).candles(ask)).columns()).rows;
    };
    expect(await count(9n, '5m')).toBe(1);
    expect(await count(10n, '5m')).toBe(2);
    expect(await count(10n, '1d')).toBe(0);
    expect(await count(375n, '1d')).toBe(1);
    expect(await count(375n, '7d')).toBe(0);
  });

  test('rows outside every session are an error where they would need an anchor', async () => {
    const holiday = session(calendar, '2024-03-11').open - 86_400_000_000_000n; // a Sunday
    await store.candles('1m', '2024-03-10', [candle('A', holiday, 1)]);
    const ask = { exchange: 'nse', symbol: 'A', from: holiday, to: day.close };
    await expect(query.candles({ ...ask, timeframe: '7m' })).rejects.toMatchObject({
      code: 'CALENDAR_LACKS_SESSION',
    });
    expect((await (await query.candles({ ...ask, timeframe: '1m' })).columns()).rows).toBe(1);
  });
});

describe('bad input is a typed error with a hint', () => {
  const ask = { exchange: 'nse', symbol: 'A', timeframe: '1m', ...range };
  const cases: [string, object, string][] = [
    ['from after to', { from: range.to, to: range.from }, 'BAD_RANGE'],
    ['a range beyond int64', { to: 2n ** 64n }, 'BAD_RANGE'],
    ['a Date that is none', { from: new Date(NaN) }, 'BAD_RANGE'],
    ['a number for a time', { from: 12 }, 'BAD_RANGE'],
    ['timeframe 7x', { timeframe: '7x' }, 'BAD_NAME'],
    ['timeframe 0m', { timeframe: '0m' }, 'BAD_NAME'],
    ['no timeframe', { timeframe: undefined }, 'BAD_NAME'],
    ['an exchange that is a path', { exchange: '../x' }, 'BAD_NAME'],
    ['an empty symbol', { symbol: '' }, 'BAD_NAME'],
    ['both symbol and symbols', { symbols: ['B'] }, 'BAD_REQUEST'],
    ['an empty list of symbols', { symbol: undefined, symbols: [] }, 'BAD_REQUEST'],
    ['onGap: skip', { onGap: 'skip' }, 'BAD_REQUEST'],
    ['adjust: yes', { adjust: 'yes' }, 'BAD_REQUEST'],
    ['adjust without actions', { adjust: 'splits' }, 'ACTIONS_MISSING'],
    ['a symbol that never was', {}, 'UNKNOWN_SYMBOL'],
  ];
  test.each(cases)('%s', async (_name, change, code) => {
    const refused = await query
      .candles({ ...ask, ...change } as never)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code, hint: expect.stringMatching(/./) });
  });

  test('a range of centuries is answered without listing its sessions', async () => {
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 3));
    for (const timeframe of ['1m', '7m', '1h', '1d', '366d']) {
      const from = new Date('1700-01-01');
      const result = await query.candles({ ...ask, timeframe, from, to: new Date('2250-01-01') });
      expect((await result.columns()).rows).toBeGreaterThan(0);
    }
  });

  test('an empty range is an empty answer', async () => {
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 3));
    for (const timeframe of ['1m', '7m', '1d', '7d']) {
      const result = await query.candles({ ...ask, timeframe, from: day.open, to: day.open });
      expect((await result.columns()).rows).toBe(0);
    }
  });
});
