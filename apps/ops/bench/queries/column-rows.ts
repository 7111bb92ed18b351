import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { ColumnChunk } from '@tb/schema';
import type { BenchRow } from '@tb/testkit';
import { DuckEngine } from '../../../../packages/manager/src/market/duck-engine.ts';
import type { Bench } from './bench.ts';
import { EXCHANGE } from './made-store.ts';
import { collectGarbage, compared, median, timed } from './reference.ts';
import { names, rangeOf, year } from './sizes.ts';

/** Symbols whose 1m candles of a year are about a million rows. */
const MILLION = Math.min(names.length, 11);
const ROUNDS = 5;

/** Getting rows out: time against row objects, stalls of the event loop, memory of a long stream. */
export async function columnRows(bench: Bench): Promise<BenchRow[]> {
  return [
    await outOfTheEngine(bench),
    ...(await outOfAQuery(bench)),
    await ownObjects(bench),
    await streamMemory(bench),
  ];
}

function askFor(symbols: readonly string[]) {
  return { exchange: EXCHANGE, symbols, timeframe: '1m', ...rangeOf(year) };
}

function rawSql(bench: Bench): string {
  const sids = `BETWEEN ${bench.firstSid} AND ${bench.firstSid + MILLION - 1}`;
  return `SELECT ts, sid, open, high, low, close, volume FROM ref.minutes WHERE sid ${sids}`;
}

/** One statement on one file: the stream of the reader, beside all its rows as objects of the engine. */
async function outOfTheEngine(bench: Bench): Promise<BenchRow> {
  const sql = rawSql(bench);
  const engine = await DuckEngine.open({});
  await engine.run(`ATTACH '${bench.reference}' AS ref (TYPE duckdb, READ_ONLY)`);
  let rows = 0;
  const { ratio, ours, theirs } = await compared(
    ROUNDS,
    () =>
      timed(async () => {
        const kept: ColumnChunk[] = [];
        for await (const chunk of engine.stream(sql, [])) kept.push(chunk);
        rows = kept.reduce((sum, chunk) => sum + chunk.rows, 0);
      }),
    () => timed(() => bench.raw.objects(sql)),
    collectGarbage,
  );
  await engine.close();
  return {
    name: '1M rows of a scan as typed columns, against row objects of the engine',
    value: 1 / ratio,
    unit: 'x faster',
    goal: '>= 10',
    detail: detailOf(rows, ours, "the engine's row objects", theirs),
  };
}

/** Planned, read from months and sorted, beside the sorted file: most of the time is the sort, on both sides. */
async function outOfAQuery(bench: Bench): Promise<BenchRow[]> {
  const ask = askFor(names.slice(0, MILLION));
  const [p99, longest]: [number[], number[]] = [[], []];
  let rows = 0;
  const { ratio, ours, theirs } = await compared(
    ROUNDS,
    async () => {
      rows = 0;
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const spent = await timed(async () => {
        for await (const chunk of (await bench.query.candles(ask)).chunks()) rows += chunk.rows;
      });
      delay.disable();
      p99.push(delay.percentile(99) / 1e6);
      longest.push(delay.max / 1e6);
      return spent;
    },
    () => timed(() => bench.raw.objects(`${rawSql(bench)} ORDER BY ts, sid`)),
    collectGarbage,
  );
  return [
    {
      name: '1M sorted candles by chunks(), against sorted row objects of the engine',
      value: 1 / ratio,
      unit: 'x faster',
      detail: detailOf(rows, ours, "the engine's row objects", theirs),
    },
    {
      name: 'loop stall while columns stream, p99',
      value: median(p99),
      unit: 'ms',
      goal: '<= 15',
      detail: `longest ${median(longest).toFixed(1)} ms`,
    },
  ];
}

/** The same query by `chunks()` and by `rows()`. */
async function ownObjects(bench: Bench): Promise<BenchRow> {
  const ask = askFor(names.slice(0, MILLION));
  let rows = 0;
  const { ratio, ours, theirs } = await compared(
    ROUNDS,
    () =>
      timed(async () => {
        for await (const _chunk of (await bench.query.candles(ask)).chunks());
      }),
    () =>
      timed(async () => {
        rows = 0;
        for await (const _row of (await bench.query.candles(ask)).rows()) rows += 1;
      }),
    collectGarbage,
  );
  return {
    name: '1M sorted candles by chunks(), against rows() of the same query',
    value: 1 / ratio,
    unit: 'x faster',
    detail: detailOf(rows, ours, 'rows()', theirs),
  };
}

function detailOf(rows: number, columns: number, what: string, objects: number): string {
  return `${rows.toLocaleString('en')} rows: ${columns.toFixed(0)} ms, ${what} ${objects.toFixed(0)} ms`;
}

/** Every row of the year: were chunks kept, their arrays would be hundreds of MB. */
async function streamMemory(bench: Bench): Promise<BenchRow> {
  const before = process.memoryUsage();
  let [rows, arrays, resident] = [0, 0, 0];
  for await (const chunk of (await bench.query.candles(askFor(names))).chunks()) {
    rows += chunk.rows;
    if (rows % 64_000 < chunk.rows) continue;
    const now = process.memoryUsage();
    arrays = Math.max(arrays, now.arrayBuffers - before.arrayBuffers);
    resident = Math.max(resident, now.rss - before.rss);
  }
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
  return {
    name: `typed arrays alive while ${(rows / 1e6).toFixed(1)}M rows stream, at most`,
    value: arrays / 1e6,
    unit: 'MB',
    goal: '<= 150',
    detail: `all rows would be ${megabytes(rows * 61)}; the process grew by ${megabytes(resident)}`,
  };
}
