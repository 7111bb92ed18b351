import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { MarketDataQuery } from '@tb/queries';
import { candle, collect, MINUTE, minutes, session } from './support/made-data.ts';
import { TestStore, type TestTick } from './support/test-store.ts';

const calendar = calendarOf('nse');
const dates = ['2024-03-11', '2024-03-12', '2024-03-13'] as const;
const [monday, tuesday, wednesday] = dates.map((date) => session(calendar, date)) as [
  ReturnType<typeof session>,
  ReturnType<typeof session>,
  ReturnType<typeof session>,
];
const SECOND = 1_000_000_000n;
let store: TestStore;
let query: MarketDataQuery;

beforeEach(async () => {
  store = await TestStore.open();
  query = new MarketDataQuery(store, { calendarOf, now: () => wednesday.close });
});

afterEach(() => {
  expect(store.disposed).toBe(store.opened);
  store.close();
});

function tick(symbol: string, ts: bigint, seq: bigint, price = Number(seq)): TestTick {
  return { symbol, ts, seq, price, volume: 1, bid: NaN, ask: NaN };
}

const all = { exchange: 'nse', from: monday.windowFrom, to: wednesday.windowTo };

describe('ticks', () => {
  test('come in total order (ts, symbol, seq) over published and live sources, none lost on one stamp', async () => {
    const at = tuesday.open;
    await store.ticks('2024-03-11', [tick('B', monday.open, 1n), tick('A', monday.open, 2n)]);
    await store.ticks('2024-03-12', [tick('A', at, 9n), tick('A', at, 5n)], { origin: 'segment' });
    await store.ticks('2024-03-12', [tick('A', at, 10n), tick('B', at, 4n)], { origin: 'tail' });
    const result = await query.ticks({ ...all, symbols: ['A', 'B'] });
    const rows = await collect(result.rows());
    expect(rows.map((row) => [row.symbol, row.seq])).toEqual([
      ['A', 2n],
      ['B', 1n],
      ['A', 5n],
      ['A', 9n],
      ['A', 10n],
      ['B', 4n],
    ]);
  });

  test('keep ns and integers beyond 2^53, and leave absent bid and ask out', async () => {
    const ts = tuesday.open + 123n;
    const seq = 2n ** 53n + 1n;
    await store.ticks('2024-03-12', [
      { ...tick('A', ts, seq, 1.5), bid: 1.25 },
      { ...tick('A', ts, seq + 1n, 1.5), ask: 0 },
    ]);
    const rows = await collect((await query.ticks({ ...all, symbol: 'A' })).rows({ dates: true }));
    const date = new Date(Number(ts / 1_000_000n));
    expect(rows).toEqual([
      { symbol: 'A', ts, seq, price: 1.5, volume: 1, bid: 1.25, date },
      { symbol: 'A', ts, seq: seq + 1n, price: 1.5, volume: 1, ask: 0, date },
    ]);
  });

  test('of a long range are read in slices, and the order holds across them', async () => {
    const many: TestTick[] = [];
    for (let i = 0; i < 1_200; i++)
      many.push(
        tick(i % 2 ? 'A' : 'B', tuesday.open + BigInt((i * 7919) % 1_200) * SECOND, BigInt(i)),
      );
    await store.ticks('2024-03-12', many);
    await store.ticks('2024-03-13', [tick('A', wednesday.open, 1n)]);
    const whole = await (await query.ticks({ ...all, symbols: ['A', 'B'] })).columns();
    store.rowsFactor = 2_000; // sources say that they have 2.4M rows
    store.statements.length = 0;
    const sliced = await (await query.ticks({ ...all, symbols: ['A', 'B'] })).columns();
    expect(store.statements.length).toBeGreaterThan(3);
    expect(sliced).toEqual(whole);
    expect(whole.rows).toBe(1_201);
  });

  test('a missing session is an error, an uncovered stretch as well, and both can be reported', async () => {
    await store.ticks('2024-03-11', [tick('A', monday.open, 1n)]);
    await store.ticks('2024-03-13', [tick('A', wednesday.open, 2n)]);
    await expect(query.ticks({ ...all, symbol: 'A' })).rejects.toMatchObject({ code: 'GAP' });
    store.coverage = [{ source: 'f', from: wednesday.open, to: wednesday.open + 5n * MINUTE }];
    await using result = await query.ticks({ ...all, symbol: 'A', onGap: 'report' });
    expect(result.gaps.map((gap) => [gap.kind, gap.tradingDate, gap.from, gap.to])).toEqual([
      ['session', '2024-03-12', tuesday.open, tuesday.close],
      ['feed', '2024-03-13', wednesday.open + 5n * MINUTE, wednesday.close],
    ]);
  });
});

describe('last N', () => {
  test('ticks come from memory when the tail has them all, without SQL', async () => {
    const rows = [1n, 2n, 3n].map((i) => tick('A', wednesday.open + i * SECOND, i));
    await store.ticks('2024-03-13', rows, { origin: 'tail' });
    store.tail = rows;
    const result = await query.lastTicks({ exchange: 'nse', symbol: 'A', count: 2 });
    expect((await collect(result.rows())).map((row) => row.seq)).toEqual([2n, 3n]);
    expect(store.statements).toEqual([]);
  });

  test('ticks that arrived late are found in a segment though the tail has enough', async () => {
    const rows = [1n, 2n].map((i) => tick('A', wednesday.open + i * SECOND, 10n + i));
    await store.ticks('2024-03-13', [tick('A', wednesday.open + 5n * SECOND, 3n)], {
      origin: 'segment',
    });
    await store.ticks('2024-03-13', rows, { origin: 'tail' });
    store.tail = rows;
    const result = await query.lastTicks({ exchange: 'nse', symbol: 'A', count: 2 });
    expect((await collect(result.rows())).map((row) => row.seq)).toEqual([12n, 3n]);
  });

  test('looks back as far as it takes: over years when the symbol is thin', async () => {
    await store.ticks('2019-01-02', [tick('THIN', session(calendar, '2019-01-02').open, 1n)]);
    for (const date of dates)
      await store.ticks(date, [
        tick('A', session(calendar, date).open, 7n),
        tick('A', session(calendar, date).open, 8n),
      ]);
    const last = async (symbols: string[], count: number) => {
      const result = await query.lastTicks({ exchange: 'nse', symbols, count });
      return (await collect(result.rows())).map((row) => row.symbol);
    };
    expect(await last(['A'], 3)).toEqual(['A', 'A', 'A']);
    expect(await last(['THIN', 'A'], 1)).toEqual(['THIN', 'A']);
    expect(await last(['THIN'], 5)).toEqual(['THIN']);
  });

  test('candles: whole ones of any timeframe, before a time, across sessions', async () => {
    for (const date of dates) await store.candles('1m', date, minutes(calendar, 'A', date, 375));
    const last = async (count: number, timeframe: string, before?: bigint) => {
      const ask = { exchange: 'nse', symbol: 'A', count, timeframe, before };
      return (await collect((await query.lastCandles(ask)).rows())).map((row) => row.ts);
    };
    expect(await last(2, '1m')).toEqual([wednesday.close - 2n * MINUTE, wednesday.close - MINUTE]);
    expect(await last(2, '1d')).toEqual([tuesday.open, wednesday.open]);
    expect(await last(9, '1d')).toEqual([monday.open, tuesday.open, wednesday.open]);
    expect(await last(1, '7d')).toEqual([monday.open]);
    expect(await last(2, '1h', wednesday.open + MINUTE)).toEqual([
      tuesday.open + 360n * MINUTE,
      wednesday.open,
    ]);
    expect((await last(400, '1m', wednesday.open)).length).toBe(400);
    expect(await last(5, '1m', session(calendar, '2019-01-02').open)).toEqual([]);
  });

  test('of an exchange without data is empty, or an unknown symbol', async () => {
    const ask = { exchange: 'nse', symbol: 'A', count: 1 };
    await expect(query.lastTicks(ask)).rejects.toMatchObject({ code: 'UNKNOWN_SYMBOL' });
    const result = await query.lastTicks({ ...ask, onUnknownSymbol: 'empty' });
    expect((await result.columns()).rows).toBe(0);
    await expect(query.lastTicks({ ...ask, count: 0 })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
  });
});

test('latest answers for many symbols at once, from ticks, else from the last candle', async () => {
  await store.candles('1m', '2024-03-12', [
    candle('C', tuesday.open, 5),
    candle('A', tuesday.open, 6),
  ]);
  await store.ticks('2024-03-11', [tick('B', monday.open, 1n, 42)]);
  const live = [tick('A', wednesday.open, 2n, 43)];
  await store.ticks('2024-03-13', live, { origin: 'tail' });
  store.tail = live;
  store.sid('NEVER');
  const { prices } = await query.latest({ exchange: 'nse', symbols: ['NEVER', 'C', 'B', 'A'] });
  expect(prices.map(({ symbol, ts, price }) => [symbol, ts, price])).toEqual([
    ['A', wednesday.open, 43],
    ['B', monday.open, 42],
    ['C', tuesday.open, 6],
  ]);
});

test('regress-7-latest: a candle of a later date is newer than the last tick, an older one is not', async () => {
  await store.ticks('2024-03-11', [
    tick('A', monday.open, 1n, 41),
    tick('B', monday.open, 2n, 42),
    tick('C', monday.open, 3n, 43),
  ]);
  await store.candles('1m', '2024-03-11', [candle('C', monday.open - MINUTE, 7)]);
  await store.candles('1m', '2024-03-12', [candle('B', tuesday.open, 5)]);
  const { prices } = await query.latest({ exchange: 'nse', symbols: ['A', 'B', 'C'] });
  expect(prices.map(({ symbol, ts, price }) => [symbol, ts, price])).toEqual([
    ['A', monday.open, 41],
    ['B', tuesday.open, 6],
    ['C', monday.open, 43],
  ]);
  expect(prices.map((price) => price.tick !== undefined)).toEqual([true, false, true]);
  for (const bad of [{}, { symbol: 'A' }])
    await expect(query.latest({ exchange: 'nse', ...bad } as never)).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
});

test('sessions tells which have data; coverage how many candles each has', async () => {
  await store.candles('1m', '2024-03-11', minutes(calendar, 'A', '2024-03-11', 375));
  await store.candles('1m', '2024-03-13', [
    candle('A', wednesday.open - MINUTE, 1),
    candle('A', wednesday.open, 1),
    candle('B', wednesday.close - MINUTE, 1),
  ]);
  const { opened } = store;
  const { sessions } = await query.sessions({ ...all, kind: 'candles' });
  expect(store.opened).toBe(opened); // the catalogue knows: no file is opened
  expect(sessions.map((row) => [row.tradingDate, row.hasData])).toEqual([
    ['2024-03-11', true],
    ['2024-03-12', false],
    ['2024-03-13', true],
  ]);
  const coverage = await query.coverage({ ...all, timeframe: '1m' });
  expect(
    coverage.rows.map((r) => [r.tradingDate, r.symbol, r.candles, r.inSession, r.expected]),
  ).toEqual([
    ['2024-03-11', 'A', 375, 375, 375],
    ['2024-03-13', 'A', 2, 1, 375],
    ['2024-03-13', 'B', 1, 1, 375],
  ]);
});

describe('VWAP', () => {
  test('of ticks is the sum of price x volume over the sum of volume, per candle and for the range', async () => {
    const at = (seconds: bigint) => tuesday.open + seconds * SECOND;
    await store.ticks('2024-03-12', [
      { ...tick('A', at(0n), 1n, 10), volume: 1 },
      { ...tick('A', at(59n), 2n, 20), volume: 3 },
      { ...tick('A', at(60n), 3n, 30), volume: 4 },
      { ...tick('A', at(120n), 4n, 99), volume: 0 },
    ]);
    const vwap = async (timeframe?: string) => {
      const result = await query.vwap({ ...all, symbol: 'A', of: 'ticks', timeframe });
      return (await collect(result.chunks())).flatMap((chunk) => [...chunk.vwap]);
    };
    expect(await vwap()).toEqual([(10 + 60 + 120) / 8]);
    expect(await vwap('1m')).toEqual([17.5, 30, NaN]);
    expect(await vwap('1d')).toEqual([(10 + 60 + 120) / 8]);
  });

  test('of candles takes the typical price of each 1m candle', async () => {
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 2));
    const result = await query.vwap({ ...all, symbol: 'A', of: 'candles', timeframe: '5m' });
    const [chunk] = await collect(result.chunks());
    // (102 + 98 + 101) / 3 and (103 + 99 + 102) / 3, both with volume 10.
    expect(chunk?.vwap[0]).toBeCloseTo((301 / 3 + 304 / 3) / 2, 10);
    expect([chunk?.volume[0], chunk?.count[0]]).toEqual([20, 2n]);
  });
});

test('a rolling mean needs its whole window, and keeps symbols apart', async () => {
  await store.candles('1m', '2024-03-12', [
    ...minutes(calendar, 'A', '2024-03-12', 4),
    ...minutes(calendar, 'B', '2024-03-12', 2, 500),
  ]);
  const result = await query.rolling({
    ...all,
    symbols: ['A', 'B'],
    timeframe: '1m',
    of: 'close',
    function: 'mean',
    length: 2,
  });
  const chunks = await collect(result.chunks());
  const rows = chunks.flatMap((c) =>
    [...c.value].map((value, i) => [result.symbols[c.code[i]!], value]),
  );
  expect(rows).toEqual([
    ['A', NaN],
    ['B', NaN],
    ['A', 101.5],
    ['B', 501.5],
    ['A', 102.5],
    ['A', 103.5],
  ]);
});
