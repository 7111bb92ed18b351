import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { MarketDataQuery } from '@tb/queries';
import { type AsofDirection, asofSql } from '../src/asof-sql.ts';
import { dailyCalendar } from './support/daily-calendar.ts';
import { collect } from './support/made-data.ts';
import { readJson, sharedFile, sharedTest, utcNs } from './support/shared.ts';
import { TestStore, type TestTick } from './support/test-store.ts';

const RESAMPLE = 'oracles/resample.json';
const ASOF = 'oracles/asof.json';

interface ResampleCase {
  readonly id: string;
  readonly input: [string, number][];
  readonly spec: { width_s: number; origin: string; closed: string; label: string; agg: string };
  readonly expected: [string, number | null][];
}

/** Cases of a convention that is not this project's, or of another part of it. */
const NOT_APPLICABLE: Readonly<Record<string, string>> = {
  'pd-17min-end-labels': 'closed right: candles here are closed left',
  'pd-3min-right-right': 'closed right: candles here are closed left',
  'lean-1min-emission': 'when a live aggregator emits, not what a query answers',
  'lean-closed-left': 'when a live aggregator emits, not what a query answers',
  'lean-symbol-mix': 'candles by count of rows',
  'nau-mid-quotes-1m': 'left-open candles of mid prices',
  'nau-late-row-ignored': 'a live aggregator that drops late rows; here they revise the candle',
};

let store: TestStore;

beforeEach(async () => {
  store = await TestStore.open();
});

afterEach(() => {
  expect(store.disposed).toBe(store.opened);
  store.close();
});

function casesOf<T>(path: string): readonly T[] {
  if (sharedFile(path) === undefined) return [];
  return (readJson(path) as { cases: readonly T[] }).cases;
}

/** Widths below a minute are stretched 60 times, with all times counted from the origin: the arithmetic is the same. */
function stretched(one: ResampleCase) {
  const origin = utcNs(one.spec.origin);
  const factor = one.spec.width_s % 60 === 0 ? 1n : 60n;
  return {
    at: (text: string) => origin + (utcNs(text) - origin) * factor,
    width: BigInt(one.spec.width_s) * factor * 1_000_000_000n,
    origin,
  };
}

/** Sums, means and counts of duplicate stamps go through ticks: VWAP with volume 1 is a mean, its volume a sum. */
async function resampled(one: ResampleCase): Promise<[bigint, number][]> {
  const { at, width, origin } = stretched(one);
  const isMean = one.spec.agg === 'mean';
  const first = at(one.input[0]![0]);
  const open = first - ((first - origin) % width);
  const calendar = dailyCalendar(open);
  const last = at(one.input.at(-1)![0]);
  const range = { exchange: 'oracle', symbol: 'A', from: open, to: last + width };
  const timeframe = `${width / 60_000_000_000n}m`;
  const query = new MarketDataQuery(store, { calendarOf: () => calendar });
  const date = calendar.tradingDateOf(open)!;
  if (one.spec.agg === 'last') {
    const rows = one.input.map(([time, value]) => {
      const prices = { open: value, high: value, low: value, close: value };
      return { symbol: 'A', ts: at(time), ...prices, volume: 1 };
    });
    await store.candles('1m', date, rows);
    const result = await query.candles({ ...range, timeframe });
    return (await collect(result.rows())).map((row) => [row.ts, row.close]);
  }
  const ticks = one.input.map(
    ([time, value], i): TestTick => ({
      symbol: 'A',
      ts: at(time),
      seq: BigInt(i),
      price: isMean ? value : 1,
      volume: one.spec.agg === 'sum' ? value : 1,
      bid: NaN,
      ask: NaN,
    }),
  );
  await store.ticks(date, ticks);
  const chunks = await collect((await query.vwap({ ...range, of: 'ticks', timeframe })).chunks());
  return chunks.flatMap((chunk) =>
    [...chunk.ts].map((ts, i): [bigint, number] => [
      ts,
      isMean ? chunk.vwap[i]! : chunk.volume[i]!,
    ]),
  );
}

for (const one of casesOf<ResampleCase>(RESAMPLE)) {
  const reason = NOT_APPLICABLE[one.id];
  if (reason) {
    test.skip(`resample ${one.id} (does not apply: ${reason})`, () => undefined);
    continue;
  }
  test(`resample ${one.id}`, async () => {
    const { at, width } = stretched(one);
    const shift = one.spec.label === 'right' ? width : 0n; // candles here are named by their START
    const expected = one.expected
      .filter((row) => row[1] !== null)
      .map(([time, v]) => [at(time) - shift, v]);
    expect(await resampled(one)).toEqual(expected);
  });
}

interface PlainAsof {
  readonly id: string;
  readonly left: number[];
  readonly right: [number, number][];
  readonly direction: AsofDirection;
  readonly allow_exact: boolean;
  readonly tolerance: number | null;
  readonly expected: (number | null)[];
}
interface SqlAsof {
  readonly id: string;
  readonly setup: string[];
  readonly sql: string;
  readonly expected: (string | null)[][];
}
type Quote = [string, string, number, number];
interface TradesQuotes {
  readonly id: string;
  readonly quotes: Quote[];
  readonly trades: Quote[];
  readonly tolerance_ms: number | null;
  readonly allow_exact: boolean;
  readonly expected_bid_ask: ([number, number] | null)[];
}
interface Portfolio {
  readonly id: string;
  readonly setup: string[];
  readonly expected_value: Record<string, number | null>;
}

async function plain(one: PlainAsof): Promise<unknown[]> {
  const left = one.left.map((at, i) => `(0, ${at}, ${i})`).join(', ');
  const right = one.right.map(([at, value], i) => `(0, ${at}, ${i}, ${value})`).join(', ');
  const sql = asofSql({
    left: `SELECT code, at_ns::BIGINT AS at_ns, idx FROM (VALUES ${left}) l(code, at_ns, idx)`,
    right: `SELECT code, at_ns::BIGINT AS at_ns, seq, value FROM (VALUES ${right}) r(code, at_ns, seq, value)`,
    values: ['value'],
    direction: one.direction,
    allowExact: one.allow_exact,
    tolerance: one.tolerance === null ? undefined : BigInt(one.tolerance),
  });
  return (await store.query(`SELECT value FROM (${sql}) ORDER BY idx`)).map((row) => row[0]);
}

async function tradesQuotes(one: TradesQuotes): Promise<([number, number] | null)[]> {
  const calendar = dailyCalendar(0n);
  const at = (time: string): bigint => utcNs(`2016-05-25 ${time}`);
  const quotes = one.quotes.map(
    ([time, symbol, bid, ask], i): TestTick => ({
      symbol,
      ts: at(time),
      seq: BigInt(i),
      price: bid,
      volume: 0,
      bid,
      ask,
    }),
  );
  const trades = one.trades.map(
    ([time, symbol, price, volume], i): TestTick => ({
      symbol,
      ts: at(time),
      seq: BigInt(100 + i),
      price,
      volume,
      bid: NaN,
      ask: NaN,
    }),
  );
  await store.ticks('2016-05-25', [...quotes, ...trades]);
  const query = new MarketDataQuery(store, { calendarOf: () => calendar });
  const result = await query.asofJoin({
    exchange: 'oracle',
    symbols: ['AAPL', 'GOOG', 'MSFT'],
    from: at('13:30:00.000'),
    to: at('13:30:01.000'),
    left: 'trades',
    right: 'quotes',
    allowExact: one.allow_exact,
    toleranceNs: one.tolerance_ms === null ? undefined : BigInt(one.tolerance_ms) * 1_000_000n,
  });
  const chunks = await collect(result.chunks());
  const found = chunks.flatMap((c) =>
    [...c.seq].map(
      (seq, i) => [seq, c.matched[i] === 1 ? [c.rightBid[i], c.rightAsk[i]] : null] as const,
    ),
  );
  return found.sort((a, b) => Number(a[0] - b[0])).map((row) => row[1] as [number, number] | null);
}

async function portfolio(one: Portfolio): Promise<Record<string, number | null>> {
  for (const sql of one.setup) await store.query(sql);
  const sql = asofSql({
    left: 'SELECT ticker AS code, epoch_ns("when") AS at_ns, shares FROM holdings',
    right: 'SELECT ticker AS code, epoch_ns("when") AS at_ns, 0 AS seq, price FROM prices',
    values: ['price'],
    direction: 'backward',
    allowExact: true,
    tolerance: undefined,
  });
  const rows = await store.query(
    `SELECT code || ' ' || strftime(make_timestamp_ns(at_ns), '%H:%M:%S'), round(price * shares, 2) FROM (${sql})`,
  );
  return Object.fromEntries(rows) as Record<string, number | null>;
}

for (const one of casesOf<PlainAsof & SqlAsof & TradesQuotes & Portfolio>(ASOF)) {
  test(`as-of ${one.id}`, async () => {
    if (one.expected_value) {
      expect(await portfolio(one)).toEqual(one.expected_value);
    } else if (one.expected_bid_ask) {
      expect(await tradesQuotes(one)).toEqual(one.expected_bid_ask);
    } else if (one.sql) {
      for (const sql of one.setup) await store.query(sql);
      const rows = await store.query(one.sql); // of the engine itself: what asofSql relies on
      expect(rows.map((row) => row.map((v) => (v === null ? null : String(v))))).toEqual(
        one.expected,
      );
    } else {
      expect(await plain(one)).toEqual(one.expected);
    }
  });
}

sharedTest('the oracles have the cases that are known here', [RESAMPLE, ASOF], async () => {
  const ids = casesOf<{ id: string }>(RESAMPLE).map((one) => one.id);
  expect(ids).toEqual(expect.arrayContaining(Object.keys(NOT_APPLICABLE)));
  expect(casesOf<unknown>(ASOF).length).toBeGreaterThanOrEqual(12);
});
