/** `pnpm bench ingest`: rows into the live buffer, from text to the acknowledgement, beside the raw engine in the same run. */
import { writeFileSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { calendarOf } from '@tb/calendar';
import { LiveReader } from '@tb/live';
import { openSqlite } from '@tb/locks';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { layoutOf, type TickBatch } from '@tb/schema';
import { generateTicks } from '@tb/simulator';
import { type BenchRow, tempRoot } from '@tb/testkit';
import { encodeTicks } from '../../../packages/live/src/codec.ts';
import { timeText } from '../src/format/time-text.ts';
import { follow } from '../src/ingest/follow.ts';
import { ingest } from '../src/ingest.ts';
import { parseInputOptions } from '../src/input/input-options.ts';
import { median } from './queries/reference.ts';

const EXCHANGE = 'nse';
const DATE = '2025-02-03';
const calendar = calendarOf(EXCHANGE);
const session = calendar.sessionOf(DATE)!;
/** Share of the full size, for a quick look. */
const SCALE = Number(process.env['TB_BENCH_SCALE'] ?? 1);
const ROWS = Math.round(500_000 * SCALE);
const BATCH = 1_000;
const UNDER_WAY = 20;
type Synchronous = 'full' | 'normal';

function ticks(): TickBatch[] {
  const { open: openNs, close: closeNs } = session;
  return [
    ...generateTicks({ seed: 1, symbols: 120, rows: ROWS, openNs, closeNs, batchRows: BATCH }),
  ];
}

function csvOf(batches: readonly TickBatch[]): string {
  const lines = ['symbol,ts,price,volume,bid,ask'];
  const quote = (value: number): string => (Number.isNaN(value) ? '' : String(value));
  for (const { symbol, ts, price, volume, bid, ask } of batches)
    for (let i = 0; i < ts.length; i += 1)
      lines.push(
        `${symbol[i]},${timeText(ts[i]!)},${price[i]},${volume[i]},${quote(bid![i]!)},${quote(ask![i]!)}`,
      );
  return `${lines.join('\n')}\n`;
}

type Manager = DatabaseManager<'ingestor'>;

/** A fresh data root with its ingestor. */
async function withIngestor<T>(
  synchronous: Synchronous,
  body: (manager: Manager) => Promise<T>,
  flushMs?: number,
): Promise<T> {
  using root = tempRoot('bench-ingest');
  await initialiseRoot(layoutOf(root.at('d')));
  const exchanges = [EXCHANGE];
  await using manager = await DatabaseManager.open({
    root: root.at('d'),
    role: 'ingestor',
    exchanges,
    synchronous,
    flushMs,
  });
  return await body(manager);
}

function rate(rows: number, sinceMs: number): number {
  return Math.round((rows * 1_000) / (performance.now() - sinceMs));
}

/** Rows a second of `LiveBuffer.append`, acknowledged. */
function appended(batches: readonly TickBatch[], synchronous: Synchronous): Promise<number> {
  return withIngestor(synchronous, async (manager) => {
    const live = manager.live(EXCHANGE);
    const startMs = performance.now();
    const pending: Promise<unknown>[] = [];
    for (const batch of batches) {
      pending.push(live.append(batch, { tradingDate: DATE }));
      if (pending.length >= UNDER_WAY) await pending.shift();
    }
    await Promise.all(pending);
    return rate(ROWS, startMs);
  });
}

/** Rows a second of `tb ingest FILE`, process start left out: read and checked twice, stored, acknowledged. */
function ingested(file: string, synchronous: Synchronous): Promise<number> {
  return withIngestor(synchronous, async (manager) => {
    const startMs = performance.now();
    const input = parseInputOptions('ticks', '', {});
    await ingest({ files: [file], input, tradingDate: DATE }, toolsOf(manager, Readable.from([])));
    return rate(ROWS, startMs);
  });
}

function toolsOf(manager: Manager, stdin: Readable) {
  return {
    live: manager.live(EXCHANGE),
    layout: manager.layout,
    calendar,
    stdin,
    signal: new AbortController().signal,
    startedAt: new Date(),
    progress: { update: () => undefined, end: () => undefined },
    log: () => undefined,
  };
}

/** The same BLOBs into a bare table: what SQLite itself can do here. */
function rawInserts(batches: readonly TickBatch[], synchronous: Synchronous): number {
  using root = tempRoot('bench-raw');
  const db = openSqlite(root.at('raw.db'));
  db.pragma('journal_mode = WAL');
  db.pragma(`synchronous = ${synchronous}`);
  db.exec('CREATE TABLE tail (first_seq INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT');
  const insert = db.prepare('INSERT INTO tail VALUES (?, ?)');
  const startMs = performance.now();
  let seq = 1;
  for (const { ts, price, volume, bid, ask } of batches) {
    const rows = ts.length;
    const sid = new Int32Array(rows);
    insert.run(seq, encodeTicks({ rows, sid, ts, price, volume, bid: bid!, ask: ask! }).data);
    seq += rows;
  }
  const result = rate(ROWS, startMs);
  db.close();
  return result;
}

/** ms from the write of one line to the pipe until another reader sees its row. */
function followed(lines: readonly string[]): Promise<number[]> {
  return withIngestor(
    'full',
    async (manager) => {
      const pipe = new PassThrough();
      const input = parseInputOptions('ticks', '', {}, true);
      const done = follow({ input, tradingDate: DATE }, toolsOf(manager, pipe));
      using reader = LiveReader.open({ layout: manager.layout, exchange: EXCHANGE });
      pipe.write(`${lines[0]}\n`);
      const latencies: number[] = [];
      for (const [at, line] of lines.slice(1).entries()) {
        const startMs = performance.now();
        pipe.write(`${line}\n`);
        while (reader.snapshot().seq <= BigInt(at)) await new Promise((r) => setTimeout(r, 1));
        latencies.push(performance.now() - startMs);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      pipe.end();
      await done;
      return latencies.sort((a, b) => a - b);
    },
    0,
  );
}

async function ratesOf(
  batches: readonly TickBatch[],
  file: string,
  synchronous: Synchronous,
): Promise<BenchRow[]> {
  const found = { raw: [] as number[], append: [] as number[], file: [] as number[] };
  for (let round = 0; round < 3; round += 1) {
    found.raw.push(rawInserts(batches, synchronous));
    found.append.push(await appended(batches, synchronous));
    found.file.push(await ingested(file, synchronous));
  }
  const [raw, append, whole] = [median(found.raw), median(found.append), median(found.file)];
  const name = synchronous.toUpperCase();
  return [
    {
      name: `append, ${name}`,
      value: append,
      unit: 'rows/s',
      goal: synchronous === 'full' ? '>= 50000' : '>= 250000',
      detail: `batches of ${BATCH}, acknowledged; raw ${raw.toLocaleString('en')}`,
    },
    { name: `append / raw insert of the same BLOBs, ${name}`, value: append / raw, unit: 'x' },
    {
      name: `tb ingest FILE, ${name}`,
      value: whole,
      unit: 'rows/s',
      detail: `${ROWS.toLocaleString('en')} rows of CSV, read twice, ${(whole / raw).toFixed(3)} of raw`,
    },
  ];
}

/** Figures of the way in. Medians of 3; takes about a minute. */
export async function run(): Promise<BenchRow[]> {
  using root = tempRoot('bench-csv');
  const file = root.at('ticks.csv');
  const batches = ticks();
  const csv = csvOf(batches);
  writeFileSync(file, csv);
  const rows = await ratesOf(batches, file, 'normal');
  rows.push(...(await ratesOf(batches, file, 'full')));
  const latencies = await followed(csv.split('\n').slice(0, 301));
  const at = (share: number): number => latencies[Math.ceil(share * latencies.length) - 1]!;
  rows.push(
    {
      name: 'follow: line to visible, p50',
      value: at(0.5),
      unit: 'ms',
      goal: '<= 20',
      detail: 'FULL, one row at a time, seen by a reader that polls each ms',
    },
    { name: 'follow: line to visible, p99', value: at(0.99), unit: 'ms', goal: '<= 50' },
  );
  return rows;
}
