// Appends feed.csv to the live buffer of NSE in batches, seals and compacts in between, and acknowledges each batch on
// stdout after the append has resolved: `FIRST LAST`, numbers of rows from 1. The built packages are imported by path.
// `pipeline`: large batches, sent without waiting for the ack of the one before, and no seals.
// usage: live-writer.mjs ROOT [pipeline]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const packages = new URL('../../../../', import.meta.url);
const load = (name) => import(new URL(`${name}/dist/index.js`, packages).href);
const { LiveBuffer } = await load('live');
const { calendarOf } = await load('calendar');
const { layoutOf } = await load('schema');

const root = process.argv[2];
const isPipeline = process.argv[3] === 'pipeline';
const BATCH = isPipeline ? 3000 : 150;
let rows = [];
const number = (text) => (text === '' ? Number.NaN : Number(text));
const column = (some, at) => Float64Array.from(some, (row) => number(row[at]));

// A sid for each symbol, the same in every run, without a manifest.
const registry = {
  sidsOf: async (_exchange, symbols) =>
    new Map(symbols.map((symbol) => [symbol, Number(symbol.slice(-4))])),
};

async function append(buffer, first) {
  const some = rows.slice(first, first + BATCH);
  await buffer.append({
    symbol: some.map((row) => row[0]),
    ts: BigInt64Array.from(some, (row) => BigInt(row[1])),
    price: column(some, 2),
    volume: column(some, 3),
    bid: column(some, 4),
    ask: column(some, 5),
    source: 'feed.csv',
    sourceSeq: BigInt64Array.from(some, (_, i) => BigInt(first + i + 1)),
  });
  process.stdout.write(`${first + 1} ${first + some.length}\n`);
}

async function appendAll(buffer) {
  const starts = Array.from({ length: Math.ceil(rows.length / BATCH) }, (_, i) => i * BATCH);
  if (isPipeline) {
    const results = await Promise.allSettled(starts.map((first) => append(buffer, first)));
    const failed = results.find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    return;
  }
  for (const first of starts) {
    await append(buffer, first);
    if ((first / BATCH) % 4 === 3) await buffer.seal();
  }
  await buffer.compact();
  await buffer.sweepGarbage();
}

try {
  const [, ...lines] = readFileSync(join(root, 'feed.csv'), 'utf8').trimEnd().split('\n');
  rows = lines.map((line) => line.split(','));
  const options = {
    layout: layoutOf(join(root, 'data')),
    exchange: 'nse',
    calendar: calendarOf('nse'),
    registry,
    walBytes: 64 * 1024, // the thread that checkpoints has work
  };
  const seal = { auto: false, compactCount: 2, garbageMs: 0 };
  const buffer = await LiveBuffer.open({ ...options, seal });
  try {
    await appendAll(buffer);
  } finally {
    await buffer.close();
  }
} catch (error) {
  const { name, code, message, cause } = error;
  const reason = cause ? ` (${cause.code}: ${cause.message})` : '';
  process.stderr.write(`Error: ${name} ${code}: ${message}${reason}\n`);
  process.exitCode = code === 'LOCK_HELD' ? 75 : 3;
}
