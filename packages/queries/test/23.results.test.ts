import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { MarketDataQuery } from '@tb/queries';
import { tempRoot } from '@tb/testkit';
import { loadArrow } from '../src/arrow.ts';
import { candle, collect, MINUTE, minutes, session } from './support/made-data.ts';
import { TestStore } from './support/test-store.ts';

const calendar = calendarOf('nse');
const day = session(calendar, '2024-03-12');
const ask = {
  exchange: 'nse',
  symbols: ['A', 'B, "C"'],
  timeframe: '1m',
  from: day.open,
  to: day.close,
};
let store: TestStore;
let query: MarketDataQuery;

beforeEach(async () => {
  store = await TestStore.open();
  query = new MarketDataQuery(store, { calendarOf, now: () => day.close });
  await store.candles('1m', '2024-03-12', [
    candle('A', day.open, 1.5),
    candle('A', day.open + MINUTE, 0.1),
    candle('B, "C"', day.open + MINUTE, 3),
  ]);
});

afterEach(() => {
  expect(store.disposed).toBe(store.opened);
  store.close();
});

test('a result is read once; a second time is an error', async () => {
  const result = await query.candles(ask);
  await result.columns();
  await expect(result.columns()).rejects.toMatchObject({ code: 'RESULT_CONSUMED' });
  await expect(collect(result.rows())).rejects.toMatchObject({ code: 'RESULT_CONSUMED' });
  await result.close();
});

test('the view is given back when a loop is left, when it throws, and by await using', async () => {
  for await (const _row of (await query.candles(ask)).rows()) break;
  expect(store.disposed).toBe(1);
  const failing = async () => {
    for await (const _row of (await query.candles(ask)).rows()) throw new Error('mine');
  };
  await expect(failing()).rejects.toThrow('mine');
  expect(store.disposed).toBe(2);
  {
    await using _result = await query.candles(ask);
  }
  expect(store.disposed).toBe(3);
});

test('an aborted signal ends the rows with its reason, and gives the view back', async () => {
  const controller = new AbortController();
  const result = await query.candles({ ...ask, signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(collect(result.rows())).rejects.toThrow('enough');
});

test('a stream that fails gives the view back, and the failure on', async () => {
  const result = await query.candles(ask);
  await store.query('DROP TABLE t0');
  await expect(collect(result.rows())).rejects.toThrow('t0');
});

test('columns hold sid, code and symbol of each row, exact ns and flags', async () => {
  const result = await query.candles(ask);
  const columns = await result.columns();
  expect(columns.rows).toBe(3);
  expect([...columns.ts]).toEqual([day.open, day.open + MINUTE, day.open + MINUTE]);
  expect([...columns.code].map((code) => result.symbols[code])).toEqual(['A', 'A', 'B, "C"']);
  expect([...columns.sid]).toEqual([store.sid('A'), store.sid('A'), store.sid('B, "C"')]);
  expect([...columns.filled]).toEqual([0, 0, 0]);
});

test('wide aligns symbols by time, never by position', async () => {
  const wide = await (await query.candles(ask)).wide();
  expect(wide.symbols).toEqual(['A', 'B, "C"']);
  expect([...wide.ts]).toEqual([day.open, day.open + MINUTE]);
  expect(wide.close.map((column) => [...column])).toEqual([
    [2.5, 1.1],
    [NaN, 4],
  ]);
});

test('an empty result has columns without rows, and a CSV header', async () => {
  const empty = { ...ask, symbols: ['A'], from: day.open + 5n * MINUTE };
  expect((await (await query.candles(empty)).columns()).rows).toBe(0);
  expect((await collect((await query.candles(empty)).toCsv())).join('')).toBe(
    'symbol,ts,open,high,low,close,volume,filled\n',
  );
});

test('CSV reads back bit by bit, with quotes where a symbol needs them', async () => {
  expect((await collect((await query.candles(ask)).toCsv())).join('')).toBe(
    [
      'symbol,ts,open,high,low,close,volume,filled',
      'A,2024-03-12T03:45:00.000000000Z,1.5,3.5,-0.5,2.5,10,0',
      'A,2024-03-12T03:46:00.000000000Z,0.1,2.1,-1.9,1.1,10,0',
      '"B, ""C""",2024-03-12T03:46:00.000000000Z,3,5,1,4,10,0',
      '',
    ].join('\n'),
  );
});

describe('Parquet', () => {
  test('holds what the rows hold, filled ones too', async () => {
    using root = tempRoot('parquet');
    store.canExport = true;
    for (const onGap of ['error', 'fill'] as const) {
      const path = root.at(`${onGap}.parquet`);
      const range = { ...ask, symbols: ['A'], to: day.open + 4n * MINUTE, onGap };
      const { rows } = await (await query.candles(range)).toParquet(path);
      const expected = await collect((await query.candles(range)).rows());
      expect(rows).toBe(onGap === 'error' ? 2 : 4);
      const read = await store.query(
        `SELECT symbol, epoch_ns(ts), open, high, low, close, volume, filled = 1 FROM '${path}'`,
      );
      expect(read).toEqual(
        expected.map((r) => [r.symbol, r.ts, r.open, r.high, r.low, r.close, r.volume, r.filled]),
      );
    }
  });

  test('is refused when the reader cannot write', async () => {
    const result = await query.candles(ask);
    await expect(result.toParquet('/nowhere.parquet')).rejects.toMatchObject({
      code: 'EXPORT_UNSUPPORTED',
    });
    expect(existsSync('/nowhere.parquet')).toBe(false);
  });
});

describe('Arrow', () => {
  test('without the package is a typed error with a hint', async () => {
    await expect(loadArrow('apache-arrow-is-not-here')).rejects.toMatchObject({
      code: 'ARROW_MISSING',
      hint: expect.stringContaining('apache-arrow'),
    });
  });

  test('gives a table with symbol, ts to the nanosecond, and values', async () => {
    const result = await query.candles(ask);
    const columns = await (await query.candles(ask)).columns();
    const table = await result.toArrow();
    expect([table.numRows, table.numCols]).toEqual([3, 8]);
    const valuesOf = (name: string) => [...(table.getChild(name) as Iterable<unknown>)];
    expect(valuesOf('symbol')).toEqual(['A', 'A', 'B, "C"']);
    for (const name of ['open', 'high', 'low', 'close', 'volume', 'filled'] as const)
      expect(valuesOf(name)).toEqual([...columns[name]]);
    const ts = table.getChild('ts') as { toArray(): BigInt64Array; readonly type: unknown };
    expect(String(ts.type)).toBe('Timestamp<NANOSECOND, UTC>');
    expect([...ts.toArray()]).toEqual([...columns.ts]);
  });

  test('gives ticks, an absent bid as NaN; and of an empty result a table with its columns', async () => {
    const tick = { symbol: 'A', ts: day.open + 1n, seq: 7n, price: 1, volume: 2, bid: NaN, ask: 3 };
    await store.ticks('2024-03-12', [tick]);
    const table = await (await query.ticks(ask)).toArrow();
    expect(table.numRows).toBe(1);
    expect([...(table.getChild('seq') as Iterable<bigint>)]).toEqual([7n]);
    expect([...(table.getChild('bid') as Iterable<number>)]).toEqual([NaN]);
    const empty = await (await query.candles({ ...ask, to: ask.from })).toArrow();
    expect([empty.numRows, empty.numCols]).toEqual([0, 8]);
  });
});

test('a long range is read in slices of bounded size, in one order, filled rows carried across', async () => {
  const dates = ['2024-03-13', '2024-03-14', '2024-03-15'];
  for (const date of dates) await store.candles('1m', date, minutes(calendar, 'A', date, 300));
  const { close: to } = session(calendar, '2024-03-15');
  const range = { ...ask, symbols: undefined, to }; // all symbols: their number is not known to the estimate
  const later = new MarketDataQuery(store, { calendarOf, now: () => to });
  for (const onGap of ['error', 'fill', 'null'] as const)
    for (const timeframe of ['1m', '7m', '1d']) {
      store.rowsFactor = 1;
      const whole = await (await later.candles({ ...range, timeframe, onGap })).columns();
      store.rowsFactor = 2_000;
      store.statements.length = 0;
      const sliced = await (await later.candles({ ...range, timeframe, onGap })).columns();
      expect(store.statements.filter((sql) => sql.includes('ORDER BY t, code')).length).toBe(4);
      expect(sliced).toEqual(whole);
    }
});

test('one symbol is read from published files without a sort, and sorted when a file is not as it should be', async () => {
  const range = { ...ask, symbols: ['A'] };
  const tick = (seq: bigint) => ({
    symbol: 'A',
    ts: day.open,
    seq,
    price: 1,
    volume: 1,
    bid: NaN,
    ask: NaN,
  });
  await store.ticks('2024-03-12', [tick(1n), tick(2n)]);
  const read = async () => {
    store.statements.length = 0;
    const candles = await (await query.candles(range)).columns();
    const ticks = await (await query.ticks({ ...range, symbols: ['A'] })).columns();
    const sorts = store.statements.filter((sql) => sql.includes('ORDER BY t, code')).length;
    return { sorts, ts: [...candles.ts], seq: [...ticks.seq] };
  };
  const expected = { ts: [day.open, day.open + MINUTE], seq: [1n, 2n] };
  expect(await read()).toEqual({ sorts: 0, ...expected });
  for (const [table, order] of [
    ['t0', 'ts DESC'],
    ['t1', 'seq DESC'],
  ])
    await store.query(
      `CREATE OR REPLACE TABLE ${table} AS SELECT * FROM ${table} ORDER BY ${order}`,
    );
  expect(await read()).toEqual({ sorts: 2, ...expected });
});
