import { DuckDBInstance } from '@duckdb/node-api';
import { calendarOf } from '@tb/calendar';
import { LiveBuffer, type LiveMetrics, LiveReader, type SymbolRegistry } from '@tb/live';
import { openSqlite } from '@tb/locks';
import { layoutOf } from '@tb/schema';
import { type BenchRow, random, tempRoot } from '@tb/testkit';
import { encodeTicks } from '../src/codec.ts';
import { loadTicks } from '../src/load.ts';
import { child } from './child.ts';
import { quantile, SYMBOLS, tickBatch } from './workload.ts';

const EXCHANGE = 'binance';
const DATE = '2026-02-02';
const BATCH = 1_000;
const READERS = 4;
const calendar = calendarOf(EXCHANGE);
const { open: OPEN } = calendar.sessionOf(DATE)!;
type Synchronous = 'full' | 'normal';

const registry: SymbolRegistry = {
  sidsOf: async (_exchange, symbols) =>
    new Map(symbols.map((symbol) => [symbol, Number(symbol.slice(1)) + 1])),
};

interface Seen {
  readonly reads: number;
  readonly rssMb: number;
  readonly seen: readonly (readonly [seq: string, atNs: string])[];
}

interface Ingest {
  readonly rowsPerSecond: number;
  readonly metrics: LiveMetrics;
  readonly visibleMs: readonly number[];
  readonly reads: number;
  readonly readerRssMb: number;
}

/** Batches of 1,000 for some seconds, 20 calls under way, beside readers that poll every 5 ms. */
async function ingest(synchronous: Synchronous, seconds: number, pace = 0): Promise<Ingest> {
  using root = tempRoot('bench');
  const layout = layoutOf(root.path);
  const buffer = await LiveBuffer.open({
    layout,
    exchange: EXCHANGE,
    calendar,
    registry,
    synchronous,
  });
  const options = { root: root.path, exchange: EXCHANGE, pollMs: 5 };
  const readers = await Promise.all(
    Array.from({ length: READERS }, () => child<Seen>('poller', options)),
  );
  const rng = random('ingest');
  const batches = Array.from({ length: 50 }, () => tickBatch(rng, BATCH, OPEN, 1_000n));
  const committed: [seq: bigint, atNs: bigint][] = [];
  const pending: Promise<unknown>[] = [];
  const startMs = performance.now();
  for (let i = 0; performance.now() - startMs < seconds * 1_000; i++) {
    const acked = buffer.append(shifted(batches[i % batches.length]!, i)).then((ack) => {
      committed.push([ack.lastSeq!, process.hrtime.bigint()]);
    });
    pending.push(acked);
    if (pending.length >= 20) await pending.shift();
    if (pace > 0) await new Promise((resolve) => setTimeout(resolve, pace));
  }
  await Promise.all(pending);
  const rowsPerSecond = (committed.length * BATCH * 1_000) / (performance.now() - startMs);
  const metrics = buffer.metrics();
  const reports = await Promise.all(readers.map((reader) => reader.report()));
  await buffer.close();
  return {
    rowsPerSecond,
    metrics,
    visibleMs: reports.flatMap(({ seen }) => latencies(committed, seen)),
    reads: reports.reduce((sum, { reads }) => sum + reads, 0),
    readerRssMb: Math.max(...reports.map(({ rssMb }) => rssMb)),
  };
}

function shifted(batch: ReturnType<typeof tickBatch>, index: number): typeof batch {
  const by = BigInt(index) * 1_000_000n;
  return { ...batch, ts: batch.ts.map((ts) => ts + by) };
}

/** From each ack to the first read that had its rows. */
function latencies(committed: readonly [bigint, bigint][], seen: Seen['seen']): number[] {
  const all: number[] = [];
  let at = 0;
  for (const [seq, ackedNs] of committed) {
    while (at < seen.length && BigInt(seen[at]![0]) < seq) at++;
    if (at < seen.length) all.push(Math.max(0, Number(BigInt(seen[at]![1]) - ackedNs) / 1e6));
  }
  return all;
}

/** The same BLOBs into a bare table: what SQLite itself can do here. */
function rawInserts(synchronous: Synchronous, seconds: number): number {
  using root = tempRoot('bench-raw');
  const db = openSqlite(root.at('raw.db'));
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${synchronous}`);
  db.exec('CREATE TABLE tail (first_seq INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO tail VALUES (?, ?)');
  const { ts, price, volume, bid, ask } = tickBatch(random('raw'), BATCH, OPEN, 1_000n);
  const columns = { rows: BATCH, sid: new Int32Array(BATCH), ts, price, volume };
  let rows = 0;
  const startMs = performance.now();
  while (performance.now() - startMs < seconds * 1_000) {
    const { data } = encodeTicks({ ...columns, bid: bid!, ask: ask! });
    insert.run(rows + 1, data);
    rows += BATCH;
  }
  const rate = (rows * 1_000) / (performance.now() - startMs);
  db.close();
  return rate;
}

/** The scheme of the earlier system: one DuckDB file, opened, appended to and closed twice a second, beside readers. */
async function openAppendClose(seconds: number): Promise<{ failedShare: number; tries: number }> {
  using root = tempRoot('bench-duckdb');
  const path = root.at('live.duckdb');
  const append = async (rows: number): Promise<void> => {
    const instance = await DuckDBInstance.create(path, { threads: '1' });
    const connection = await instance.connect();
    await connection.run('CREATE TABLE IF NOT EXISTS t (ts BIGINT, price DOUBLE)');
    await connection.run(`INSERT INTO t SELECT range, random() FROM range(${rows})`);
    connection.closeSync();
    instance.closeSync();
  };
  await append(1);
  const readers = await Promise.all(
    Array.from({ length: READERS }, () =>
      child<{ tries: number; failed: number }>('duckdb-reader', { path, pauseMs: 50 }),
    ),
  );
  const startMs = performance.now();
  while (performance.now() - startMs < seconds * 1_000) {
    await append(BATCH).catch(() => {}); // refused when a reader has the file: the scheme's other failure
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const reports = await Promise.all(readers.map((reader) => reader.report()));
  const tries = reports.reduce((sum, report) => sum + report.tries, 0);
  const failed = reports.reduce((sum, report) => sum + report.failed, 0);
  return { failedShare: failed / tries, tries };
}

interface Reads {
  readonly lastMs: number;
  readonly duckdbMs: number;
  readonly candlesMs: number;
  readonly candles: number;
}

/** A tail of 100,000 ticks and a day of candles of 120 symbols. */
async function reads(): Promise<Reads> {
  using root = tempRoot('bench-reads');
  const layout = layoutOf(root.path);
  const buffer = await LiveBuffer.open({
    layout,
    exchange: EXCHANGE,
    calendar,
    registry,
    synchronous: 'normal',
    seal: { auto: false },
  });
  const rng = random('reads');
  for (let i = 0; i < 100; i++)
    await buffer.append(tickBatch(rng, BATCH, OPEN + BigInt(i) * 240_000_000_000n, 240_000_000n));
  using reader = LiveReader.open({ layout, exchange: EXCHANGE });
  const snapshot = reader.snapshot();
  const lastMs = time(() => snapshot.lastTicks(1 + rng.below(SYMBOLS), 100), 200);
  const candlesMs = time(() => {
    const { sid, close } = snapshot.candles(DATE, { forming: true });
    const wanted = 1 + rng.below(SYMBOLS);
    return close.subarray(sid.indexOf(wanted), sid.lastIndexOf(wanted) + 1);
  }, 20);
  const instance = await DuckDBInstance.create(':memory:', { threads: '2' });
  const connection = await instance.connect();
  await connection.run(
    'CREATE TABLE t (sid INTEGER, ts TIMESTAMP_NS, seq BIGINT, price DOUBLE, volume DOUBLE, bid DOUBLE, ask DOUBLE)',
  );
  await loadTicks(connection, 't', snapshot.tail);
  const durations: number[] = [];
  for (let i = 0; i < 30; i++) {
    const startMs = performance.now();
    await connection.runAndReadAll(
      `SELECT * FROM t WHERE sid = ${1 + rng.below(SYMBOLS)} ORDER BY ts DESC, seq DESC LIMIT 100`,
    );
    durations.push(performance.now() - startMs);
  }
  connection.closeSync();
  instance.closeSync();
  await buffer.close();
  return {
    lastMs,
    duckdbMs: quantile(durations, 0.5),
    candlesMs,
    candles: snapshot.candles(DATE, { forming: true }).rows,
  };
}

function time(work: () => unknown, times: number): number {
  const durations: number[] = [];
  for (let i = 0; i < times; i++) {
    const startMs = performance.now();
    work();
    durations.push(performance.now() - startMs);
  }
  return quantile(durations, 0.5);
}

/** How long the event loop is blocked while 100,000 ticks are sealed, and the seal itself. */
async function sealing(): Promise<{ sealMs: number; stallMs: number }> {
  using root = tempRoot('bench-seal');
  const layout = layoutOf(root.path);
  const buffer = await LiveBuffer.open({
    layout,
    exchange: EXCHANGE,
    calendar,
    registry,
    synchronous: 'normal',
    seal: { auto: false },
  });
  const rng = random('seal');
  const seals: number[] = [];
  const stalls: number[] = [];
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 100; i++) await buffer.append(tickBatch(rng, BATCH, OPEN, 1_000n));
    buffer.metrics();
    const startMs = performance.now();
    await buffer.seal();
    seals.push(performance.now() - startMs);
    stalls.push(buffer.metrics().loopStallMaxMs);
  }
  await buffer.close();
  return { sealMs: quantile(seals, 0.5), stallMs: quantile(stalls, 0.5) };
}

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
      goal: '<= 150',
      detail: `visible p50 ${quantile(visibleMs, 0.5).toFixed(1)} ms at full load`,
    },
    { name: `${name} WAL`, value: metrics.walBytes / 2 ** 20, unit: 'MB', goal: '<= 32' },
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
  return rows;
}
