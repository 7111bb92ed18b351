import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { utc } from './clock.ts';

const folder = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));

interface Row {
  readonly symbol: string;
  readonly ts: bigint;
  readonly localDate: string;
  readonly localTime: string;
}

function lines(file: string): string[][] {
  const text = gunzipSync(readFileSync(folder + file)).toString('utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
}

function candles(file: string, localColumn: string): Row[] {
  const [header = [], ...rows] = lines(file);
  const column = (name: string) => header.indexOf(name);
  const [symbol, ts, local] = [column('symbol'), column('ts_utc'), column(localColumn)];
  return rows.map((row) => ({
    symbol: row[symbol] ?? '',
    ts: utc(`${row[ts]?.replace(' ', 'T')}Z`),
    localDate: row[local]?.slice(0, 10) ?? '',
    localTime: row[local]?.slice(11) ?? '',
  }));
}

/** Runs where the data lies beside the checkout; elsewhere the run lists the test as skipped. */
function withData(file: string, name: string, body: () => void): void {
  if (existsSync(folder + file)) test(name, body, 60_000);
  else test.skip(`${name} (no ../shared/data/${file})`, () => undefined);
}

function expectOwnDates(exchange: string, rows: readonly Row[]): void {
  const calendar = calendarOf(exchange);
  const wrong = rows.filter(
    (row) =>
      calendar.tradingDateOf(row.ts) !== row.localDate ||
      calendar.localDateOf(row.ts) !== row.localDate,
  );
  expect(wrong.slice(0, 5)).toEqual([]);
}

describe('real candles', () => {
  withData('nse_india_1m_lean.csv.gz', 'every NSE candle lies in the window of its date', () => {
    const rows = candles('nse_india_1m_lean.csv.gz', 'ts_ist');
    expect(rows).toHaveLength(105_615);
    expectOwnDates('nse', rows);
  });

  withData(
    'nse_india_1m_lean.csv.gz',
    'the NSE sessions of 2019 are the 245 days that have candles',
    () => {
      const days = new Set(
        candles('nse_india_1m_lean.csv.gz', 'ts_ist')
          .filter((row) => row.symbol === 'YESBANK')
          .map((row) => row.localDate),
      );
      const sessions = calendarOf('nse').sessionsBetween('2019-01-01', '2020-01-01');
      expect(sessions.map((session) => session.tradingDate)).toEqual([...days].sort());
      expect(days.size).toBe(245);
    },
  );

  withData(
    'nse_india_1m_lean.csv.gz',
    'the expected minutes of 2019 are those that have candles, but for 5',
    () => {
      const calendar = calendarOf('nse');
      const present = new Set(
        candles('nse_india_1m_lean.csv.gz', 'ts_ist')
          .filter((row) => row.symbol === 'YESBANK')
          .map((row) => row.ts),
      );
      const missing = new Map<string, number>();
      for (const { tradingDate } of calendar.sessionsBetween('2019-01-01', '2020-01-01'))
        for (const start of calendar.expectedCandles(tradingDate, '1m'))
          if (!present.has(start)) missing.set(tradingDate, (missing.get(tradingDate) ?? 0) + 1);
      expect(Object.fromEntries(missing)).toEqual({ '2019-02-19': 2, '2019-05-06': 3 });
    },
  );

  withData(
    'us_equity_1m.csv.gz',
    'every US candle lies in the window of its date, across DST and a half day',
    () => {
      const rows = candles('us_equity_1m.csv.gz', 'ts_new_york');
      expect(rows).toHaveLength(18_581);
      expectOwnDates('xnas', rows);
      const half = rows.filter((row) => row.localDate === '2015-12-24');
      const close = calendarOf('xnas').sessionOf('2015-12-24')?.close ?? 0n;
      expect(half.length).toBe(142);
      expect(half.every((row) => row.ts < close)).toBe(true);
    },
  );

  withData(
    'us_equity_daily_raw.csv.gz',
    'the US sessions of 22 years are the days that have daily rows, and one day missing from the file',
    () => {
      const [header = [], ...rows] = lines('us_equity_daily_raw.csv.gz');
      const days = [...new Set(rows.map((row) => row[header.indexOf('date')] ?? ''))].sort();
      const sessions = calendarOf('xnys').sessionsBetween('1998-01-02', '2020-03-10');
      // A Friday on which the exchanges traded; the file has no row of any symbol.
      const traded = [...days, '2020-01-31'].sort();
      expect(sessions.map((session) => session.tradingDate)).toEqual(traded);
    },
  );

  withData(
    'us_spy_trades_20131007.csv.gz',
    'every SPY trade lies in one window, the 241 after the close too',
    () => {
      const [header = [], ...rows] = lines('us_spy_trades_20131007.csv.gz');
      const column = header.indexOf('ts_utc');
      const calendar = calendarOf('arcx');
      const close = calendar.sessionOf('2013-10-07')?.close ?? 0n;
      let late = 0;
      let other = 0;
      for (const row of rows) {
        const ts = utc(`${row[column]?.replace(' ', 'T')}Z`);
        if (ts >= close) late += 1;
        if (calendar.tradingDateOf(ts) !== '2013-10-07') other += 1;
      }
      expect({ rows: rows.length, late, other }).toEqual({ rows: 241_020, late: 241, other: 0 });
    },
  );
});
