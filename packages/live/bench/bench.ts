import type { BenchRow } from '@tb/testkit';
import { type Day, day } from './day.ts';
import { openAppendClose, rawInserts } from './earlier.ts';
import { type Ingest, ingest, READERS } from './ingest.ts';
import { reads } from './reads.ts';
import { sealing } from './sealing.ts';
import { quantile } from './workload.ts';

/** TB_BENCH_TICKS makes the day shorter. */
const DAY_TICKS = Number(process.env['TB_BENCH_TICKS'] ?? 10_000_000);

function ingestRows(name: string, result: Ingest, raw: number, goal: string): BenchRow[] {
  const { metrics, visibleMs } = result;
  const detail = `${READERS} readers, ${result.reads} reads, ${metrics.seals} seals`;
  return [
    {
      name: `${name} acked`,
      value: Math.round(result.rowsPerSecond),
      unit: 'ticks/s',
      goal,
      detail,
    },
    {
      name: `${name} / raw insert of the same BLOB`,
      value: result.rowsPerSecond / raw,
      unit: 'x',
      detail: `raw ${Math.round(raw)} ticks/s, without readers, candles, marks`,
    },
    {
      name: `${name} commit p99`,
      value: metrics.commitP99Ms,
      unit: 'ms',
      goal: '<= 15',
      detail: `p50 ${metrics.commitP50Ms.toFixed(2)} ms`,
    },
    {
      name: `${name} reader RSS`,
      value: Math.round(result.readerRssMb),
      unit: 'MB',
      detail: `with the whole tail; visible p50 ${quantile(visibleMs, 0.5).toFixed(1)} ms at full load`,
    },
    { name: `${name} WAL`, value: metrics.walBytes / 2 ** 20, unit: 'MB', goal: '<= 32' },
  ];
}

function dayRows({ ticks, rowsPerSecond, segments, reader }: Day): BenchRow[] {
  const name = `day of ${ticks / 1e6} M ticks`;
  return [
    {
      name: `${name}, acked with seals and compactions`,
      value: Math.round(rowsPerSecond),
      unit: 'ticks/s',
      detail: `NORMAL, ${segments} segments at the end`,
    },
    { name: `${name}, reader RSS`, value: Math.round(reader.rssMb), unit: 'MB', goal: '<= 150' },
    {
      name: `${name}, a symbol's 1m candles`,
      value: reader.candlesMs,
      unit: 'ms',
      goal: '<= 50',
      detail: `of ${reader.candles} candles; first look ${reader.firstCandlesMs.toFixed(0)} ms`,
    },
    { name: `${name}, last 100 ticks`, value: reader.lastTicksMs, unit: 'ms', goal: '<= 3' },
  ];
}

/** Figures of `@tb/live` beside those of the raw engines, in one run. */
export async function run(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const [synchronous, goal] of [
    ['normal', '>= 250000'],
    ['full', '>= 50000'],
  ] as const)
    rows.push(
      ...ingestRows(
        `ingest ${synchronous}`,
        await ingest(synchronous, 5),
        rawInserts(synchronous, 2),
        goal,
      ),
    );
  const paced = await ingest('full', 5, 20);
  const visible = (share: number): number => quantile(paced.visibleMs, share);
  rows.push(
    {
      name: 'commit to visible p50',
      value: visible(0.5),
      unit: 'ms',
      goal: '<= 10',
      detail: 'FULL, 1,000 rows each 20 ms, polls each 5 ms',
    },
    { name: 'commit to visible p99', value: visible(0.99), unit: 'ms', goal: '<= 50' },
  );
  const { rowsPerSecond, metrics } = await ingest('normal', 5, 3);
  rows.push({
    name: `ingest normal commit p99 at ${Math.round(rowsPerSecond / 1_000)}k ticks/s`,
    value: metrics.commitP99Ms,
    unit: 'ms',
    goal: '<= 15',
    detail: `1,000 rows each 3 ms and the timer's delay; p50 ${metrics.commitP50Ms.toFixed(2)} ms`,
  });
  const { sealMs, stallMs } = await sealing();
  rows.push(
    {
      name: 'loop stall, seal of 100k',
      value: stallMs,
      unit: 'ms',
      goal: '<= 10',
      detail: 'median of 5',
    },
    {
      name: 'seal of 100k',
      value: sealMs,
      unit: 'ms',
      detail: 'median of 5, process start included',
    },
  );
  const found = await reads();
  rows.push(
    {
      name: 'last 100 ticks of a symbol',
      value: found.lastMs,
      unit: 'ms',
      goal: '<= 3',
      detail: 'tail of 100,000',
    },
    {
      name: 'last 100 / DuckDB on the tail',
      value: found.duckdbMs / found.lastMs,
      unit: 'x',
      goal: '>= 5',
      detail: `DuckDB ${found.duckdbMs.toFixed(2)} ms`,
    },
    {
      name: "a symbol's day of 1m candles",
      value: found.candlesMs,
      unit: 'ms',
      goal: '<= 50',
      detail: `of ${found.candles} candles`,
    },
  );
  const earlier = await openAppendClose(5);
  rows.push({
    name: 'earlier scheme: reads refused',
    value: earlier.failedShare * 100,
    unit: '%',
    detail: `one DuckDB file, ${earlier.tries} opens; here 0 %`,
  });
  rows.push(...dayRows(await day(DAY_TICKS)));
  return rows;
}
