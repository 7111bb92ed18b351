import { DatabaseManager } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import type { BenchRow } from '@tb/testkit';
import { type Bench, detailOf } from './bench.ts';
import { calendar, EXCHANGE } from './made-store.ts';
import { compared, median, openReference, timed } from './reference.ts';
import { decade, names, rangeOf, year } from './sizes.ts';

const TIMED = 'ts, open, high, low, close, volume';

interface Case {
  readonly name: string;
  readonly timeframe: '1m' | '1d';
  readonly table: 'minutes' | 'days';
  readonly range: { readonly from: bigint; readonly to: bigint };
  readonly firstGoal: string;
  readonly warmGoal: string;
}

const SYMBOL_YEAR: Case = {
  name: 'symbol-year of 1m',
  timeframe: '1m',
  table: 'minutes',
  range: rangeOf(year),
  firstGoal: '<= 2.5',
  warmGoal: '<= 1.5',
};
const DECADE: Case = {
  name: '10 years of 1d',
  timeframe: '1d',
  table: 'days',
  range: rangeOf(decade),
  firstGoal: '<= 2',
  warmGoal: '<= 2',
};

/** One symbol over a long range, beside the sorted file, and beside an instance per file. */
export async function candleRows(bench: Bench): Promise<BenchRow[]> {
  const rows = [await firstTouch(bench, SYMBOL_YEAR), await warm(bench, SYMBOL_YEAR)];
  rows.push(await againstInstances(bench));
  rows.push(await firstTouch(bench, DECADE), await warm(bench, DECADE));
  return rows;
}

async function readColumns(query: MarketDataQuery, round: number, one: Case): Promise<void> {
  const symbol = names[round % names.length]!;
  const { timeframe, range } = one;
  const result = await query.candles({ exchange: EXCHANGE, symbol, timeframe, ...range });
  const { rows } = await result.columns();
  if (rows === 0) throw new Error(`${symbol} has no ${timeframe} candles in the store`);
}

function rawSql(bench: Bench, round: number, { table }: Case): string {
  const sid = bench.firstSid + (round % names.length);
  return `SELECT ${TIMED} FROM ref.${table} WHERE sid = ${sid} ORDER BY ts`;
}

/**
 * A process that just began: nothing open, nothing attached; up to the last row, closing not counted. The page cache is warm
 * for both.
 */
async function firstTouch(bench: Bench, one: Case): Promise<BenchRow> {
  const { ratio, ours, theirs } = await compared(
    9,
    (round) => firstQuery(bench, round, one),
    (round) => firstStatement(bench, round, one),
  );
  const name = `${one.name}, first touch`;
  return { name, value: ratio, unit: 'x', goal: one.firstGoal, detail: detailOf(ours, theirs) };
}

async function firstQuery(bench: Bench, round: number, one: Case): Promise<number> {
  const started = performance.now();
  await using manager = await DatabaseManager.open({ root: bench.root, role: 'reader' });
  const query = new MarketDataQuery(manager.marketData, { calendarOf: () => calendar });
  await readColumns(query, round, one);
  return performance.now() - started;
}

async function firstStatement(bench: Bench, round: number, one: Case): Promise<number> {
  const started = performance.now();
  const raw = await openReference(bench.reference);
  try {
    await raw.rows(rawSql(bench, round, one));
    return performance.now() - started;
  } finally {
    raw.close();
  }
}

async function warm(bench: Bench, one: Case): Promise<BenchRow> {
  const { ratio, ours, theirs } = await compared(
    31,
    (round) => timed(() => readColumns(bench.query, round, one)),
    (round) => timed(() => bench.raw.rows(rawSql(bench, round, one))),
  );
  const name = `${one.name}, warm`;
  return { name, value: ratio, unit: 'x', goal: one.warmGoal, detail: detailOf(ours, theirs) };
}

/** What was done before: an instance per day file. Every tenth day, times ten. */
async function againstInstances(bench: Bench): Promise<BenchRow> {
  const sample = year.filter((_, i) => i % 10 === 0);
  const spent = await timed(async () => {
    for (const { tradingDate } of sample) {
      const raw = await openReference(
        `${bench.root}/market_data/${EXCHANGE}/candles/1m/${tradingDate}.duckdb`,
      );
      await raw.rows(`SELECT ${TIMED} FROM ref.data WHERE sid = ${bench.firstSid}`);
      raw.close();
    }
  });
  const all = (spent / sample.length) * year.length;
  const ours: number[] = [];
  for (let round = 0; round < 9; round++)
    ours.push(await timed(() => readColumns(bench.query, round, SYMBOL_YEAR)));
  return {
    name: 'symbol-year of 1m, against one instance per file',
    value: all / median(ours),
    unit: 'x faster',
    goal: '>= 50',
    detail: `${all.toFixed(0)} ms for ${year.length} instances`,
  };
}
