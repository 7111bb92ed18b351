import { expect } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { MarketDataQuery } from '@tb/queries';
import type { Candle } from '@tb/schema';
import { session } from './support/made-data.ts';
import { readCsv, sharedTest, utcNs } from './support/shared.ts';
import { TestStore } from './support/test-store.ts';

const NSE = 'data/nse_india_1m_lean.csv.gz';
const US = 'data/us_equity_1m.csv.gz';

function candleOf(symbol: string, ts: bigint, values: readonly string[]): Candle {
  const [open, high, low, close, volume] = values.map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return { symbol, ts, open, high, low, close, volume };
}

/** Each trading date as a day file. */
async function load(
  store: TestStore,
  exchange: string,
  rows: readonly Candle[],
): Promise<string[]> {
  const calendar = calendarOf(exchange);
  const byDate = new Map<string, Candle[]>();
  for (const row of rows) {
    const date = calendar.tradingDateOf(row.ts);
    if (date === undefined) throw new Error(`${exchange} has no session at ${row.ts}`);
    const list = byDate.get(date);
    if (list) list.push(row);
    else byDate.set(date, [row]);
  }
  for (const [date, candles] of byDate) await store.candles('1m', date, candles);
  return [...byDate.keys()].sort();
}

sharedTest(
  'a real year of NSE has no gap: thin minutes, holidays and a Sunday session are as they should be',
  [NSE],
  async () => {
    const rows = readCsv(NSE)
      .filter((row) => row[1] === 'YESBANK')
      .map(([, symbol, utc, , ...values]) => candleOf(symbol!, utcNs(utc!), values));
    const store = await TestStore.open();
    const dates = await load(store, 'nse', rows);
    expect(dates.length).toBe(245);
    const calendar = calendarOf('nse');
    const query = new MarketDataQuery(store, { calendarOf });
    const [from, to] = [new Date('2019-01-01'), new Date('2020-01-01')];
    const ask = { exchange: 'nse', symbol: 'YESBANK', from, to };
    const minutes = await query.candles({ ...ask, timeframe: '1m' });
    expect(minutes.missingDates).toEqual([]);
    expect((await minutes.columns()).rows).toBe(rows.length);
    const days = await (await query.candles({ ...ask, timeframe: '1d' })).columns();
    expect([...days.ts]).toEqual(dates.map((date) => session(calendar, date).open));
    expect(days.volume.reduce((sum, v) => sum + v, 0)).toBe(
      rows.reduce((sum, row) => sum + row.volume, 0),
    );
    // 2019-10-27 is a Sunday: 62 candles from 18:15 on, so 5 of 15 minutes.
    const muhurat = session(calendar, '2019-10-27');
    const quarter = await query.candles({
      ...ask,
      timeframe: '15m',
      from: muhurat.open,
      to: muhurat.windowTo,
    });
    const columns = await quarter.columns();
    expect(columns.ts[0]).toBe(muhurat.open);
    expect(columns.rows).toBe(5);
    // One session away, and it is missed, by name.
    store.remove('candles', '1m', '2019-10-27');
    await expect(query.candles({ ...ask, timeframe: '1m' })).rejects.toMatchObject({
      code: 'GAP',
      message: expect.stringContaining('2019-10-27'),
    });
    expect(store.disposed).toBe(store.opened);
    store.close();
  },
);

sharedTest(
  'real US days are counted from 09:30 New York on both sides of a clock change, thin and half days without a gap',
  [US],
  async () => {
    const rows = readCsv(US)
      .filter((row) => ['SHY', 'GOOG'].includes(row[0]!))
      .map(([symbol, utc, , ...values]) => candleOf(symbol!, utcNs(utc!), values));
    const store = await TestStore.open();
    const dates = await load(store, 'xnas', rows);
    const calendar = calendarOf('xnas');
    const query = new MarketDataQuery(store, { calendarOf });
    for (const date of dates) {
      const { windowFrom: from, windowTo: to } = session(calendar, date);
      const symbols = ['SHY', 'GOOG'];
      const result = await query.candles({ exchange: 'xnas', symbols, timeframe: '15m', from, to });
      const columns = await result.columns();
      const expected = new Set(
        rows
          .filter((row) => row.ts >= from && row.ts < to)
          .map((row) => `${row.symbol} ${calendar.candleStart(row.ts, '15m')}`),
      );
      const got = [...columns.ts].map((ts, i) => `${result.symbols[columns.code[i]!]} ${ts}`);
      expect(new Set(got)).toEqual(expected);
      expect(got.length).toBe(expected.size);
    }
    expect(session(calendar, '2008-03-10').open - session(calendar, '2008-03-07').open).toBe(
      (3n * 24n - 1n) * 3_600_000_000_000n,
    );
    expect(store.disposed).toBe(store.opened);
    store.close();
  },
);
