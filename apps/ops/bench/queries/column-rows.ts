import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { BenchRow } from '@tb/testkit';
import type { Bench } from './bench.ts';
import { EXCHANGE } from './made-store.ts';
import { median, timed } from './reference.ts';
import { names, rangeOf, year } from './sizes.ts';

/** Symbols whose 1m candles of a year are about a million rows. */
const MILLION = Math.min(names.length, 11);

/** Getting rows out: time against row objects, stalls of the event loop, memory of a long stream. */
export async function columnRows(bench: Bench): Promise<BenchRow[]> {
  return [...(await columnsAgainstRows(bench)), await streamMemory(bench)];
}

function askFor(symbols: readonly string[]) {
  return { exchange: EXCHANGE, symbols, timeframe: '1m', ...rangeOf(year) };
}

async function columnsAgainstRows(bench: Bench): Promise<BenchRow[]> {
  const ask = askFor(names.slice(0, MILLION));
  let rows = 0;
  const times: Record<'columns' | 'objects' | 'p99' | 'longest', number[]> = {
    columns: [],
    objects: [],
    p99: [],
    longest: [],
  };
  const sids = `BETWEEN ${bench.firstSid} AND ${bench.firstSid + MILLION - 1}`;
  const sql = `SELECT ts, sid, open, high, low, close, volume FROM ref.minutes WHERE sid ${sids} ORDER BY ts, sid`;
  for (let round = 0; round < 3; round++) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    times.columns.push(
      await timed(async () => {
        for await (const chunk of (await bench.query.candles(ask)).chunks()) rows += chunk.rows;
      }),
    );
    delay.disable();
    times.p99.push(delay.percentile(99) / 1e6);
    times.longest.push(delay.max / 1e6);
    times.objects.push(await timed(() => bench.raw.objects(sql)));
  }
  const detail = `${(rows / 3).toLocaleString('en')} rows: ${median(times.columns).toFixed(0)} ms, the engine's row objects ${median(times.objects).toFixed(0)} ms`;
  return [
    {
      name: '1M rows as columns, against row objects of the engine',
      value: median(times.objects) / median(times.columns),
      unit: 'x',
      goal: '>= 10',
      detail,
    },
    {
      name: 'loop stall while columns stream, p99',
      value: median(times.p99),
      unit: 'ms',
      goal: '<= 15',
      detail: `longest ${median(times.longest).toFixed(1)} ms`,
    },
  ];
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
