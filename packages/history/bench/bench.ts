import { mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calendarOf } from '@tb/calendar';
import {
  type BuildInstance,
  type BuiltFile,
  buildDay,
  initialiseMarketData,
  Manifest,
  ManifestWriter,
  openBuildInstance,
  publishFiles,
  verifyFile,
} from '@tb/history';
import { type Layout, layoutOf } from '@tb/schema';

interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: string;
  readonly detail?: string;
}

const SYMBOLS = 500;
const calendar = calendarOf('nse');

/** Time of `body` in ms, and its result. */
async function timed<T>(body: () => Promise<T>): Promise<[ms: number, result: T]> {
  const start = performance.now();
  const result = await body();
  return [performance.now() - start, result];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

interface Bench {
  readonly layout: Layout;
  readonly duck: BuildInstance;
  readonly writer: ManifestWriter;
  readonly symbols: ReadonlyMap<number, string>;
}

/** `pnpm bench history`: what a published day costs, against the raw engine in the same run. */
export async function run(): Promise<BenchRow[]> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tb-bench-history-')));
  const layout = layoutOf(join(root, 'data'));
  mkdirSync(join(root, 'spill'));
  const duck = await openBuildInstance({ tempDirectory: join(root, 'spill') });
  try {
    await initialiseMarketData({ layout, purpose: 'bench' });
    await using writer = await ManifestWriter.open({ layout, purpose: 'bench' });
    const names = Array.from({ length: SYMBOLS }, (_, i) => `NSE_EQ|TEST${i}`);
    const sids = await writer.sidsOf('nse', names, '2026-02-02');
    const symbols = new Map([...sids].map(([symbol, sid]) => [sid, symbol]));
    const bench: Bench = { layout, duck, writer, symbols };
    return [...(await ticksOfOneDay(bench, root, 5_000_000)), ...(await smallDays(bench))];
  } finally {
    duck.close();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Ticks with equal stamps and rising seq, in the order of arrival, in a table on the disk. */
async function makeTicks(duck: BuildInstance, path: string, rows: number): Promise<void> {
  const session = calendar.sessionOf('2026-02-02');
  if (!session) throw new Error('2026-02-02 has no session');
  const span = Number(session.close - session.open);
  await duck.connection.run(`ATTACH '${path}' AS source (TYPE duckdb)`);
  await duck.connection.run(
    `CREATE TABLE source.main.ticks AS SELECT (1 + hash(i) % ${SYMBOLS})::INTEGER AS sid,
       make_timestamp_ns(${session.open} + ((i * ${(span / rows).toFixed(3)})::BIGINT // 1000000) * 1000000) AS ts, i::BIGINT AS seq,
       (100 + (hash(i + 7) % 4000) / 20.0)::DOUBLE AS price, (1 + hash(i + 3) % 100)::DOUBLE AS volume,
       CASE WHEN i % 50 = 0 THEN NULL ELSE 99.95 END::DOUBLE AS bid, 100.05::DOUBLE AS ask
     FROM range(0, ${rows}) AS t (i)`,
  );
}

async function ticksOfOneDay(bench: Bench, root: string, rows: number): Promise<BenchRow[]> {
  const { duck } = bench;
  await makeTicks(duck, join(root, 'source.duckdb'), rows);
  const plain = join(root, 'plain.duckdb');
  const [rawMs] = await timed(async () => {
    await duck.connection.run(`ATTACH '${plain}' AS plain (TYPE duckdb)`);
    await duck.connection.run(
      'CREATE TABLE plain.main.data AS FROM source.main.ticks ORDER BY sid, ts, seq; CHECKPOINT plain; DETACH plain',
    );
  });
  const [buildMs, files] = await timed(() =>
    buildOne(bench, '2026-02-02', { ticks: 'SELECT * FROM source.main.ticks' }),
  );
  const [publishMs] = await timed(() => publishFiles(bench.writer, files));
  await duck.connection.run('DETACH source');
  const ticks = bench.writer.snapshot().find({ exchange: 'nse', kind: 'ticks' });
  const [verifyMs] = await timed(async () => {
    for (const file of ticks) await verifyFile(bench.layout, file);
  });
  const detail = `${(rows / 1e6).toFixed(0)} M ticks of ${SYMBOLS} symbols, ticks + 5 timeframes, all gates`;
  const perRow = statSync(bench.layout.absolute(ticks[0]?.path ?? '')).size / rows;
  return [
    { name: 'build a day', value: buildMs / 1000, unit: 's', goal: '<= 20', detail },
    {
      name: 'build a day / plain sorted copy',
      value: buildMs / rawMs,
      unit: 'x',
      goal: '<= 2.5',
      detail: `copy ${rawMs.toFixed(0)} ms`,
    },
    { name: 'place and publish it', value: publishMs, unit: 'ms', detail: '6 files' },
    { name: 'sha256 of the tick file', value: verifyMs, unit: 'ms' },
    { name: 'bytes a tick', value: perRow, unit: 'B' },
  ];
}

async function buildOne(
  bench: Bench,
  tradingDate: string,
  source: Parameters<typeof buildDay>[1]['source'],
): Promise<readonly BuiltFile[]> {
  const session = calendar.sessionOf(tradingDate);
  if (!session) throw new Error(`${tradingDate} has no session`);
  const result = await buildDay(bench.duck.connection, {
    ...{ layout: bench.layout, session, calendar, source, symbols: bench.symbols },
    revision: 1,
    sourceFingerprint: 'bench',
  });
  if (!result.ok) throw new Error(JSON.stringify(result.gates.filter((gate) => !gate.ok)));
  return result.files;
}

/** A year of one symbol is 245 of these: the cost is that of files, not of rows. */
async function smallDays(bench: Bench): Promise<BenchRow[]> {
  const sessions = calendar.sessionsBetween('2026-02-03', '2026-03-10').slice(0, 20);
  const builds: number[] = [];
  const publications: number[] = [];
  let files = 0;
  for (const { tradingDate, open } of sessions) {
    const minutes = `SELECT 1::INTEGER AS sid, make_timestamp_ns(${open} + i * 60000000000) AS ts, 100.0::DOUBLE AS open,
      101.0::DOUBLE AS high, 99.0::DOUBLE AS low, 100.5::DOUBLE AS close, (1 + hash(i) % 99)::DOUBLE AS volume FROM range(0, 375) AS t (i)`;
    const [buildMs, built] = await timed(() =>
      buildOne(bench, tradingDate, { candles: { '1m': minutes } }),
    );
    const [publishMs] = await timed(() => publishFiles(bench.writer, built));
    builds.push(buildMs);
    publications.push(publishMs);
    files += built.length;
  }
  const perDay = median(builds) + median(publications);
  using manifest = Manifest.openReader(bench.layout);
  manifest.snapshot();
  const [snapshotMs] = await timed(async () => {
    for (let i = 0; i < 1000; i++) manifest.snapshot();
  });
  return [
    {
      name: 'build a small day',
      value: median(builds),
      unit: 'ms',
      detail: `1 symbol, 375 minutes, ${files / sessions.length} files, all gates`,
    },
    { name: 'place and publish it', value: median(publications), unit: 'ms' },
    { name: '245 small days, one process', value: (245 * perDay) / 1000, unit: 's', goal: '<= 60' },
    { name: 'manifest snapshot, unchanged', value: snapshotMs, unit: 'us' },
  ];
}
