import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import {
  type CorporateAction,
  type CorporateHistory,
  MarketDataQuery,
  type SymbolChange,
} from '@tb/queries';
import type { Candle } from '@tb/schema';
import { namesOf } from '../src/corporate-actions.ts';
import { candle, collect, session } from './support/made-data.ts';
import { readCsv, sharedTest } from './support/shared.ts';
import { TestStore } from './support/test-store.ts';

const calendar = calendarOf('xnas');
const now = session(calendar, '2024-06-28').close;
let store: TestStore;
let history: CorporateHistory;
const asked: string[][] = [];

beforeEach(async () => {
  store = await TestStore.open();
  history = { actions: [], renames: [] };
  asked.length = 0;
});

afterEach(() => {
  expect(store.disposed).toBe(store.opened);
  store.close();
});

/** A source that answers as ConfigQuery does: only what touches the symbols. */
function queryAt(at: bigint): MarketDataQuery {
  return new MarketDataQuery(store, {
    calendarOf,
    now: () => at,
    actions: async (_exchange, symbols, asOf) => {
      asked.push([...symbols]);
      const wanted = new Set(symbols);
      return {
        actions: history.actions.filter((a) => wanted.has(a.symbol) && a.known_at <= asOf),
        renames: history.renames.filter(
          (r) => r.known_at <= asOf && (wanted.has(r.old_symbol) || wanted.has(r.new_symbol)),
        ),
      };
    },
  });
}

function split(symbol: string, ex_date: string, factor: number, known_at = 0n): CorporateAction {
  return { symbol, ex_date, kind: 'split', factor, known_at };
}

function rename(old_symbol: string, new_symbol: string, from_date: string): SymbolChange {
  return { old_symbol, new_symbol, from_date, known_at: 0n };
}

async function day(symbol: string, date: string, value: number): Promise<void> {
  await store.candles('1d', date, [candle(symbol, session(calendar, date).open, value, 100)]);
}

const range = {
  exchange: 'xnas',
  timeframe: '1d',
  from: session(calendar, '2024-06-03').open,
  to: session(calendar, '2024-06-14').close,
  onGap: 'report',
} as const;

describe('splits and dividends', () => {
  beforeEach(async () => {
    await day('A', '2024-06-03', 700);
    await day('A', '2024-06-10', 100);
    history = {
      actions: [
        split('A', '2024-06-10', 1 / 7),
        { symbol: 'A', ex_date: '2024-06-12', kind: 'dividend', factor: 0.99, known_at: 0n },
      ],
      renames: [],
    };
  });

  const rows = async (adjust: 'none' | 'splits' | 'all', extra: object = {}) => {
    const result = await queryAt(now).candles({ ...range, symbol: 'A', adjust, ...extra });
    return (await collect(result.rows())).map((row) => [row.open, row.volume]);
  };

  test('scale prices before the ex date, and volumes by splits alone; raw stays raw', async () => {
    expect(await rows('none')).toEqual([
      [700, 100],
      [100, 100],
    ]);
    expect(await rows('splits')).toEqual([
      [700 * (1 / 7), 100 * (1 / (1 / 7))],
      [100, 100],
    ]);
    expect(await rows('all')).toEqual([
      [700 * ((1 / 7) * 0.99), 100 * (1 / (1 / 7))],
      [100 * 0.99, 100],
    ]);
  });

  test('are applied before days are grouped, so that a week over a split has one scale', async () => {
    await day('A', '2024-06-11', 100);
    history = { actions: [split('A', '2024-06-11', 0.5)], renames: [] };
    const result = await queryAt(now).candles({
      ...range,
      symbol: 'A',
      timeframe: '7d',
      adjust: 'splits',
    });
    const [, row] = await collect(result.rows());
    // 06-10 at half the price and twice the volume, 06-11 as it is.
    expect(row).toMatchObject({ open: 50, high: 102, low: 49, close: 101, volume: 300 });
  });

  test('not known at asOf, or not yet effective then, do not count; a corrected factor counts from then on', async () => {
    const [june11, june13] = [
      session(calendar, '2024-06-11').open,
      session(calendar, '2024-06-13').open,
    ];
    history = {
      actions: [split('A', '2024-06-10', 0.5, 0n), split('A', '2024-06-10', 0.25, june13)],
      renames: [],
    };
    expect((await rows('splits', { asOf: june11 }))[0]).toEqual([350, 200]);
    expect((await rows('splits', { asOf: june13 }))[0]).toEqual([175, 400]);
    expect((await rows('splits', { asOf: session(calendar, '2024-06-07').open }))[0]).toEqual([
      700, 100,
    ]);
  });
});

describe('renames', () => {
  beforeEach(async () => {
    // OLD became NEW on 06-06; before then NEW was another company.
    await day('OLD', '2024-06-03', 1);
    await store.candles('1d', '2024-06-04', [
      candle('OLD', session(calendar, '2024-06-04').open, 2),
      candle('NEW', session(calendar, '2024-06-04').open, 900),
    ]);
    await day('NEW', '2024-06-06', 3);
    history = { actions: [], renames: [rename('OLD', 'NEW', '2024-06-06')] };
  });

  const opens = async (symbol: string, extra: object = {}) => {
    const ask = { ...range, symbol, symbolChanges: 'follow', ...extra } as const;
    const result = await queryAt(now).candles(ask);
    const all = await collect(result.rows());
    expect(all.every((row) => row.symbol === symbol)).toBe(true);
    return all.map((row) => row.open);
  };

  test('a symbol is the instrument that holds it at the end of the range, under all its names', async () => {
    expect(await opens('NEW')).toEqual([1, 2, 3]);
    expect(await opens('OLD')).toEqual([1, 2, 3]); // the one that held it last
    expect(asked.flat()).toEqual(expect.arrayContaining(['OLD', 'NEW']));
  });

  test('a symbol at an earlier date is the instrument that held it then', async () => {
    expect(await opens('NEW', { symbolDate: '2024-06-04' })).toEqual([900, 3]);
    expect(await opens('OLD', { symbolDate: '2024-06-04' })).toEqual([1, 2, 3]);
  });

  test('are followed only when asked for, or when adjusting', async () => {
    expect(await opens('NEW', { symbolChanges: 'ignore' })).toEqual([900, 3]);
    expect(await opens('NEW', { symbolChanges: undefined, adjust: 'splits' })).toEqual([1, 2, 3]);
  });

  test('two symbols that share an instrument each have its rows', async () => {
    const ask = { ...range, symbols: ['OLD', 'NEW'], symbolChanges: 'follow' } as const;
    const rows = await collect((await queryAt(now).candles(ask)).rows());
    expect(rows.map((row) => [row.symbol, row.open])).toEqual([
      ['NEW', 1],
      ['OLD', 1],
      ['NEW', 2],
      ['OLD', 2],
      ['NEW', 3],
      ['OLD', 3],
    ]);
  });

  test('an action belongs to the symbol that was traded under on its ex date', async () => {
    history = {
      ...history,
      actions: [
        split('OLD', '2024-06-04', 0.5),
        split('NEW', '2024-06-04', 0.1),
        split('NEW', '2024-06-06', 0.25),
      ],
    };
    expect(await opens('NEW', { adjust: 'splits' })).toEqual([1 * (0.5 * 0.25), 2 * 0.25, 3]);
  });
});

test('a name that goes round comes to its end', () => {
  const renames = [
    rename('A', 'B', '2001-01-01'),
    rename('B', 'A', '2002-01-01'),
    rename('A', 'C', '2003-01-01'),
  ];
  expect(namesOf('C', '2005-01-01', renames).map((name) => name.symbol)).toEqual([
    'A',
    'B',
    'A',
    'C',
  ]);
  expect(namesOf('B', '2001-06-01', renames).map((name) => name.symbol)).toEqual([
    'A',
    'B',
    'A',
    'C',
  ]);
  expect(namesOf('X', '2005-01-01', renames)).toEqual([
    { symbol: 'X', from: undefined, to: undefined },
  ]);
});

const DAILY = 'data/us_equity_daily_raw.csv.gz';
const FACTORS = 'data/us_equity_factors.csv.gz';
const CHANGES = 'data/us_equity_symbol_changes.csv.gz';

/** Renames as the file states them: of each permanent symbol, the ticker after a date follows the one before it. */
function renamesOf(rows: readonly string[][]): SymbolChange[] {
  const renames: SymbolChange[] = [];
  rows.forEach(([permanent, until, ticker], index) => {
    const [samePermanent, , next] = rows[index + 1] ?? [];
    if (samePermanent !== permanent || next === undefined || next === ticker) return;
    renames.push(rename(ticker!, next, nextDate(until!)));
  });
  return renames;
}

function nextDate(date: string): string {
  return new Date(Date.parse(date) + 86_400_000).toISOString().slice(0, 10);
}

interface Factor {
  readonly until: string;
  readonly price: number;
  readonly split: number;
}

/** The steps between cumulated factors as actions: the ratio of a row to the next one, on the session after its date. */
function actionsOf(
  factors: readonly Factor[],
  tickerOn: (date: string) => string,
): CorporateAction[] {
  return factors.slice(0, -1).flatMap((factor, index) => {
    const next = factors[index + 1]!;
    const ex_date = calendar.nextSession(factor.until).tradingDate;
    const symbol = tickerOn(ex_date);
    const steps: CorporateAction[] = [];
    if (factor.split !== next.split) steps.push(split(symbol, ex_date, factor.split / next.split));
    if (factor.price !== next.price)
      steps.push({
        symbol,
        ex_date,
        kind: 'dividend',
        factor: factor.price / next.price,
        known_at: 0n,
      });
    return steps;
  });
}

sharedTest(
  'real splits, dividends and renames give the prices of the published factors, to a millionth',
  [DAILY, FACTORS, CHANGES],
  async () => {
    const daily = readCsv(DAILY);
    const changes = readCsv(CHANGES);
    const byDate = new Map<string, Candle[]>();
    for (const [symbol, date, open, high, low, close, volume] of daily) {
      const found = calendar.sessionOf(date!);
      if (!found) continue; // one row of the file is of a date without a session
      const row = {
        symbol: symbol!,
        ts: found.open,
        open: +open!,
        high: +high!,
        low: +low!,
        close: +close!,
        volume: +volume!,
      };
      byDate.set(date!, [...(byDate.get(date!) ?? []), row]);
    }
    const rows = [...byDate.values()].flat();
    await store.candles('1d', '1998-01-02', rows, {
      origin: 'month',
      tradingDates: [...byDate.keys()].sort(),
    });
    const renames = renamesOf(changes);
    // WM was Waste Management from 2009-08-05 on, WMI and UW before; AAPL and IBM never changed their name.
    const tickersOf = (permanent: string) => changes.filter((row) => row[0] === permanent);
    const checked: Record<string, number> = {};
    let worst = 0;
    for (const permanent of ['AAPL', 'IBM', 'SPY', 'QQQ', 'WM', 'BAC', 'GOOGL', 'EEM']) {
      const factors = readCsv(FACTORS)
        .filter((row) => row[0] === permanent)
        .map((row): Factor => ({ until: row[1]!, price: +row[2]!, split: +row[3]! }));
      const tickerOn = (date: string) => tickersOf(permanent).find((row) => date <= row[1]!)![2]!;
      history = { actions: actionsOf(factors, tickerOn), renames };
      const result = await queryAt(now).candles({
        exchange: 'xnas',
        symbol: permanent,
        timeframe: '1d',
        from: session(calendar, '1998-01-02').open,
        to: session(calendar, '2020-03-09').close,
        adjust: 'all',
        onGap: 'report',
      });
      const got = new Map((await collect(result.rows())).map((row) => [row.ts, row]));
      const first = tickersOf(permanent)[0]![1]!;
      let compared = 0;
      for (const [date, candles] of byDate) {
        if (date < first) continue; // before the first date of the instrument the ticker is somebody else's
        const raw = candles.find((row) => row.symbol === tickerOn(date));
        if (!raw) continue;
        const factor = factors.find((f) => date <= f.until)!;
        const adjusted = got.get(raw.ts);
        if (!adjusted) throw new Error(`${permanent} has no candle on ${date}`);
        const expected = raw.close * factor.price * factor.split;
        worst = Math.max(worst, Math.abs(adjusted.close / expected - 1));
        if (raw.volume > 0)
          worst = Math.max(worst, Math.abs((adjusted.volume * factor.split) / raw.volume - 1));
        compared += 1;
      }
      checked[permanent] = compared;
    }
    expect(worst).toBeLessThan(1e-6);
    expect(Object.values(checked).every((count) => count > 1_000)).toBe(true);
  },
);
