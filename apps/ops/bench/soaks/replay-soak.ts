/** `pnpm soak replay --minutes M`: the first minutes of a real session of SPY at its own pace, beside full speed. */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { calendarOf } from '@tb/calendar';
import { LiveBuffer, LiveReader, type SymbolRegistry } from '@tb/live';
import { layoutOf, type TickBatch } from '@tb/schema';
import { Multiset, tempRoot, tickKeys } from '@tb/testkit';

const EXCHANGE = 'xnas';
const FOLDER = fileURLToPath(new URL('../../../../../shared/data/', import.meta.url));
const FILES = {
  sorted: 'us_spy_trades_20131007.csv.gz',
  arrival: 'derived_spy_trades_20131007_arrival_order.csv.gz',
};
const calendar = calendarOf(EXCHANGE);
const { open: OPEN } = calendar.sessionOf('2013-10-07')!;
/** What came since the last look is one batch. */
const TICK_MS = 50;
const registry: SymbolRegistry = {
  sidsOf: async (_exchange, symbols) => new Map(symbols.map((symbol) => [symbol, 1])),
};

/** A trade, and when a feed would hand it over: ms after the open. */
interface Trade {
  readonly ts: bigint;
  readonly price: number;
  readonly volume: number;
  readonly atMs: number;
}

/** Trades that come in the first minutes, in the order of the file. */
function tradesOf(file: string, minutes: number): Trade[] {
  const [header, ...lines] = gunzipSync(readFileSync(FOLDER + file))
    .toString()
    .trimEnd()
    .split('\n');
  const names = header!.trim().split(',');
  const nsOf = (text: string): bigint =>
    BigInt(Date.parse(`${text.replace(' ', 'T')}Z`)) * 1_000_000n;
  const arrivalAt = names.includes('arrival_utc')
    ? names.indexOf('arrival_utc')
    : names.indexOf('ts_utc');
  const trades: Trade[] = [];
  for (const line of lines) {
    const cells = line.split(',');
    const ts = nsOf(cells[names.indexOf('ts_utc')]!);
    if (Number(ts - OPEN) / 1e6 >= minutes * 60_000) continue;
    trades.push({
      ts,
      price: Number(cells[names.indexOf('price')]),
      volume: Number(cells[names.indexOf('size')]),
      atMs: Number(nsOf(cells[arrivalAt]!) - OPEN) / 1e6,
    });
  }
  return trades;
}

function batchOf(trades: readonly Trade[]): TickBatch {
  return {
    symbol: 'SPY',
    ts: BigInt64Array.from(trades, ({ ts }) => ts),
    price: Float64Array.from(trades, ({ price }) => price),
    volume: Float64Array.from(trades, ({ volume }) => volume),
  };
}

/** Stores the trades in a buffer of their own; answers what is in it, and how often the pace was missed by 1 s. */
async function store(
  trades: readonly Trade[],
  isPaced: boolean,
): Promise<{ rows: Multiset; late: number }> {
  using root = tempRoot('replay');
  const layout = layoutOf(root.path);
  let late = 0;
  await using buffer = await LiveBuffer.open({
    ...{ layout, exchange: EXCHANGE, calendar, registry },
    seal: { rows: 5_000, compactCount: 3 },
  });
  const startMs = performance.now();
  for (let next = 0; next < trades.length; ) {
    const nowMs = performance.now() - startMs;
    let end = isPaced ? next : trades.length;
    while (end < trades.length && trades[end]!.atMs <= nowMs) end++;
    if (end > next) {
      if (isPaced && nowMs - trades[next]!.atMs > 1_000) late++;
      await buffer.append(batchOf(trades.slice(next, end)));
      next = end;
    } else await sleep(TICK_MS);
  }
  using reader = LiveReader.open({ layout, exchange: EXCHANGE });
  const stop = new AbortController();
  const through = reader.snapshot().seq;
  const rows = new Multiset();
  for await (const found of reader.follow({ from: 1n, signal: stop.signal })) {
    for (const key of tickKeys({ ...found, symbol: 'SPY' })) rows.add(key);
    if (found.watermark.seq >= through) stop.abort();
  }
  return { rows, late };
}

/** @throws when one of the four buffers holds other trades than the file. */
export async function run({
  minutes,
}: {
  readonly minutes: number;
}): Promise<Record<string, number | string>> {
  if (!existsSync(FOLDER)) return { skipped: `${FOLDER} is not there` };
  const [sorted, arrival] = [tradesOf(FILES.sorted, minutes), tradesOf(FILES.arrival, minutes)];
  const expected = Multiset.of(tickKeys(batchOf(sorted)));
  const stored = await Promise.all([
    store(sorted, true),
    store(arrival, true),
    store(sorted, false),
    store(arrival, false),
  ]);
  for (const [at, { rows }] of stored.entries())
    if (rows.digest() !== expected.digest())
      throw new Error(
        `Buffer ${at} holds ${rows.size} trades, the file has ${expected.size}: not the same`,
      );
  return {
    'minutes at 1x': minutes,
    trades: sorted.length,
    'buffers (1x and full speed, sorted and by arrival) with exactly these': stored.length,
    'batches more than 1 s behind their time': stored.reduce((sum, { late }) => sum + late, 0),
  };
}
