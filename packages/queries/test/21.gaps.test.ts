import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { MarketDataQuery } from '@tb/queries';
import { candle, collect, MINUTE, minutes, session } from './support/made-data.ts';
import { TestStore } from './support/test-store.ts';

const calendar = calendarOf('nse');
const [monday, tuesday, wednesday] = ['2024-03-11', '2024-03-12', '2024-03-13'].map((date) =>
  session(calendar, date),
) as [ReturnType<typeof session>, ReturnType<typeof session>, ReturnType<typeof session>];
let store: TestStore;
let now: bigint;
let query: MarketDataQuery;

beforeEach(async () => {
  store = await TestStore.open();
  now = wednesday.close + MINUTE;
  query = new MarketDataQuery(store, { calendarOf, now: () => now });
});

afterEach(() => {
  expect(store.disposed).toBe(store.opened);
  store.close();
});

const week = { exchange: 'nse', timeframe: '1m', from: monday.open, to: wednesday.close };

test('a minute without a candle in imported history is no trade, not a gap', async () => {
  await store.candles('1m', '2024-03-12', [
    candle('A', tuesday.open, 1),
    candle('A', tuesday.open + 90n * MINUTE, 2),
  ]);
  const result = await query.candles({
    ...week,
    symbol: 'A',
    from: tuesday.open,
    to: tuesday.close,
  });
  expect(result.gaps).toEqual([]);
  expect((await result.columns()).rows).toBe(2);
});

test('a range inside a session that has data elsewhere is no missing session', async () => {
  for (const date of ['2024-03-11', '2024-03-12', '2024-03-13']) {
    await store.candles('1m', date, minutes(calendar, 'A', date, 5));
    const { ts } = minutes(calendar, 'A', date, 1)[0]!;
    await store.ticks(date, [
      { symbol: 'A', ts, seq: 1n, price: 1, volume: 1, bid: NaN, ask: NaN },
    ]);
  }
  const range = { from: tuesday.open + 60n * MINUTE, to: tuesday.open + 61n * MINUTE };
  for (const timeframe of ['1m', '5m', '7m']) {
    const result = await query.candles({ ...week, ...range, symbol: 'A', timeframe });
    expect(result.gaps).toEqual([]);
    expect((await result.columns()).rows).toBe(0);
  }
  const ticks = await query.ticks({ exchange: 'nse', symbol: 'A', ...range });
  expect((await ticks.columns()).rows).toBe(0);
  expect(
    (await query.sessions({ exchange: 'nse', kind: 'ticks', ...range })).sessions[0]?.hasData,
  ).toBe(true);
});

test('a minute without a candle outside the coverage of the feed is a gap, inside it is no trade', async () => {
  const rows = minutes(calendar, 'A', '2024-03-12', 60).filter(
    (_, i) => i !== 5 && i !== 20 && i !== 21,
  );
  await store.candles('1m', '2024-03-12', rows, { origin: 'live_candles' });
  // The feed was away from 20:30 to 22:10 minutes after the open, and from 30:00 to 31:00, where a candle was made good.
  const at = (seconds: number) => tuesday.open + BigInt(seconds) * 1_000_000_000n;
  store.coverage = [
    { source: 'feed', from: at(-60), to: at(20 * 60 + 30) },
    { source: 'feed', from: at(22 * 60 + 10), to: at(30 * 60) },
    { source: 'feed', from: at(31 * 60), to: tuesday.close },
  ];
  const ask = { ...week, symbol: 'A', from: tuesday.open, to: tuesday.close };
  await expect(query.candles(ask)).rejects.toMatchObject({ code: 'GAP' });
  // A candle of 15 minutes over the hole would be wrong without a sign of it.
  await expect(query.candles({ ...ask, timeframe: '15m' })).rejects.toMatchObject({ code: 'GAP' });
  await using result = await query.candles({ ...ask, onGap: 'report' });
  expect(result.gaps).toEqual([
    {
      kind: 'feed',
      tradingDate: '2024-03-12',
      from: at(20 * 60),
      to: at(22 * 60),
      symbol: 'A',
      certainty: 'known',
    },
  ]);
});

test('of a running session nothing is expected after the last heartbeat', async () => {
  await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 10), {
    origin: 'live_candles',
  });
  store.coverage = [{ source: 'feed', from: tuesday.open, to: tuesday.open + 10n * MINUTE }];
  store.live = { lastTickTs: tuesday.open + 10n * MINUTE, heartbeat: tuesday.open + 10n * MINUTE };
  now = tuesday.open + 60n * MINUTE;
  const ask = { ...week, symbol: 'A', from: tuesday.open, to: tuesday.close };
  const result = await query.candles(ask);
  expect((await result.columns()).rows).toBe(10);
  // The ingestor lives on and the feed does not: now it is a gap.
  store.live = { lastTickTs: tuesday.open + 10n * MINUTE, heartbeat: now };
  await expect(query.candles(ask)).rejects.toMatchObject({ code: 'GAP' });
});

test('sessions before the first and after the last data are reported, and refused on request', async () => {
  await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 5));
  const result = await query.candles({ ...week, symbol: 'A' });
  expect(result.gaps.map((gap) => [gap.kind, gap.tradingDate])).toEqual([
    ['before_data', '2024-03-11'],
    ['after_data', '2024-03-13'],
  ]);
  expect(result.missingDates).toEqual([]);
  await result.close();
  await expect(
    query.candles({ ...week, symbol: 'A', requireFullRange: true }),
  ).rejects.toMatchObject({
    code: 'GAP',
  });
});

test('a session of a year whose holidays are not known is reported, never refused and never filled', async () => {
  const dates = ['2011-01-04', '2011-01-05', '2011-01-06'];
  expect(calendar.knows('2011-01-05')).toBe(false);
  for (const date of [dates[0]!, dates[2]!])
    await store.candles('1m', date, minutes(calendar, 'A', date, 1));
  const ask = {
    ...week,
    symbol: 'A',
    timeframe: '1d',
    from: session(calendar, dates[0]!).open,
    to: session(calendar, dates[2]!).close,
  };
  for (const onGap of ['error', 'fill'] as const) {
    const result = await query.candles({ ...ask, onGap });
    expect(result.gaps.map((gap) => [gap.tradingDate, gap.certainty])).toEqual([
      ['2011-01-05', 'unknown'],
    ]);
    expect((await result.columns()).rows).toBe(2);
  }
});

test('fill carries the last close over expected minutes and whole sessions, and flags each row', async () => {
  await store.candles('1m', '2024-03-11', [candle('A', monday.open + MINUTE, 10)]);
  await store.candles('1m', '2024-03-13', [candle('A', wednesday.open + MINUTE, 20)]);
  store.sid('B');
  const result = await query.candles({
    ...week,
    symbols: ['A', 'B'],
    timeframe: '1m',
    onGap: 'fill',
  });
  expect(result.missingDates).toEqual(['2024-03-12']);
  const rows = await collect(result.rows());
  expect(rows.length).toBe(375 * 3 - 1); // from the first candle on; B never had one
  expect(rows.every((row) => row.symbol === 'A')).toBe(true);
  expect(rows.filter((row) => !row.filled).map((row) => row.open)).toEqual([10, 20]);
  expect(rows[1]).toEqual({
    symbol: 'A',
    ts: monday.open + 2n * MINUTE,
    open: 11,
    high: 11,
    low: 11,
    close: 11,
    volume: 0,
    filled: true,
  });
  expect(rows.find((row) => row.ts === tuesday.open)?.close).toBe(11);
  expect(rows.at(-1)).toMatchObject({ close: 21, filled: true });
});

test('null gives every expected candle of every symbol a row, with NaN where there is none', async () => {
  await store.candles('1m', '2024-03-12', [candle('A', tuesday.open + 16n * MINUTE, 10)]);
  store.sid('B');
  const ask = { ...week, from: tuesday.open, to: tuesday.open + 45n * MINUTE };
  const result = await query.candles({
    ...ask,
    symbols: ['A', 'B'],
    timeframe: '15m',
    onGap: 'null',
  });
  const rows = await collect(result.rows());
  expect(
    rows.map((row) => [row.symbol, (row.ts - tuesday.open) / MINUTE, row.close, row.filled]),
  ).toEqual([
    ['A', 0n, NaN, true],
    ['B', 0n, NaN, true],
    ['A', 15n, 11, false],
    ['B', 15n, NaN, true],
    ['A', 30n, NaN, true],
    ['B', 30n, NaN, true],
  ]);
});

test('fill makes up nothing after now, and nothing in a pause of the session', async () => {
  const special = calendar
    .sessionsBetween('2024-01-01', '2024-12-31')
    .find((s) => s.breaks.length > 0);
  if (!special) throw new Error('The calendar of 2024 has the drill sessions of NSE, with a pause');
  await store.candles('1m', special.tradingDate, [candle('A', special.open, 10)]);
  const ask = {
    exchange: 'nse',
    symbol: 'A',
    timeframe: '1m',
    from: special.open,
    to: special.close,
  };
  now = special.close;
  const all = await (await query.candles({ ...ask, onGap: 'fill' })).columns();
  expect([...all.ts]).toEqual([...calendar.expectedCandles(special.tradingDate, '1m')]);
  now = special.open + 3n * MINUTE + 1n;
  const some = await (await query.candles({ ...ask, onGap: 'fill' })).columns();
  expect(some.rows).toBe(3);
});

test('requireFresh refuses an old heartbeat and an old tick, with both ages, inside the session only', async () => {
  await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 5), {
    origin: 'live_candles',
  });
  const ask = {
    ...week,
    symbol: 'A',
    from: tuesday.open,
    to: tuesday.close,
    requireFresh: { maxAgeMs: 2_000 },
  };
  const second = 1_000_000_000n;
  now = tuesday.open + 10n * MINUTE;
  const outcome = async (heartbeat: bigint, lastTickTs: bigint | undefined) => {
    store.live = { heartbeat, lastTickTs };
    const result = await query.candles(ask).catch((error: unknown) => error as Error);
    if (result instanceof Error) return result.message;
    await result.close();
    return 'fresh';
  };
  expect(await outcome(now - second, now - 2n * second)).toBe('fresh');
  expect(await outcome(now - 3n * second, now)).toContain('heartbeat 3000 ms old, last tick 0 ms');
  expect(await outcome(now, now - 5n * second)).toContain('heartbeat 0 ms old, last tick 5000 ms');
  store.live = undefined;
  await expect(query.candles(ask)).rejects.toMatchObject({ code: 'STALE', retryable: true });
  now = tuesday.open + second; // a session that just began has had no tick yet
  expect(await outcome(now, monday.close)).toBe('fresh');
  now = tuesday.close;
  expect(await outcome(monday.close, monday.close)).toBe('fresh');
});
