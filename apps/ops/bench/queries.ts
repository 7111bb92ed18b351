/** `pnpm bench queries`: MarketDataQuery over a data root beside the raw engine on one sorted file with the same rows. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { Session } from '@tb/calendar';
import { DatabaseManager } from '@tb/manager';
import { MarketDataQuery } from '@tb/queries';
import { type BenchRow, tempRoot } from '@tb/testkit';
import {
  calendar,
  candlesIn,
  candlesSql,
  EXCHANGE,
  type MadeStore,
  openMadeStore,
  symbolNames,
  ticksSql,
} from './queries/made-store.ts';
import { compared, median, openReference, type Reference, timed } from './queries/reference.ts';

/** The sizes; a smaller number of symbols for a quick look. */
const SYMBOLS = Number(process.env['TB_BENCH_SYMBOLS'] ?? 200);
const TICKS_A_SESSION = 1_000;
const year = calendar.sessionsBetween('2024-01-01', '2025-01-01');
const decade = calendar.sessionsBetween('2015-01-01', '2025-01-01');
const tickDays = year.slice(0, 90);
const names = symbolNames(SYMBOLS);
const [from, to] = [year[0]!.open, year.at(-1)!.close];
const TIMED = 'epoch_ns(ts) AS t, open, high, low, close, volume';

interface Bench {
  readonly root: string;
  readonly reference: string;
  readonly query: MarketDataQuery;
  readonly raw: Reference;
  readonly firstSid: number;
}

async function build(store: MadeStore, reference: string): Promise<void> {
  const { connection, sids } = store;
  const each = (timeframe: '1m' | '1d') => (session: Session) =>
    candlesSql([session], sids, timeframe);
  for (const part of parts(year)) await store.publish('candles', '1m', part, each('1m'));
  process.stderr.write('  1m days built\n');
  for (const part of parts(decade)) await store.publish('candles', '1d', part, each('1d'));
  process.stderr.write('  1d days built\n');
  for (const part of parts(tickDays))
    await store.publish('ticks', '', part, (session) => ticksSql(session, sids, TICKS_A_SESSION));
  process.stderr.write('  ticks built\n');
  await store.buildMonths('1m');
  await store.buildMonths('1d');
  await connection.run(`ATTACH '${reference}' AS ref`);
  const tables: [string, (part: readonly [number, number]) => string, string][] = [
    ['minutes', (part) => candlesSql(year, part, '1m'), 'sid, ts'],
    ['days', (part) => candlesSql(decade, part, '1d'), 'sid, ts'],
    [
      'ticks',
      (part) => tickDays.map((s) => ticksSql(s, part, TICKS_A_SESSION)).join(' UNION ALL '),
      'sid, ts, seq',
    ],
  ];
  for (const [table, sql, order] of tables) {
    await connection.run(`CREATE TABLE ref.${table} AS ${sql([0, 0])}`);
    for (let sid = sids[0]; sid < sids[1]; sid += 20) {
      const part = [sid, Math.min(sid + 20, sids[1])] as const;
      await connection.run(
        `INSERT INTO ref.${table} SELECT * FROM (${sql(part)}) ORDER BY ${order}`,
      );
    }
  }
  await connection.run('DETACH ref');
}

/** Sessions that are published together. */
function parts(sessions: readonly Session[]): Session[][] {
  const size = 50;
  return Array.from({ length: Math.ceil(sessions.length / size) }, (_, i) =>
    sessions.slice(i * size, (i + 1) * size),
  );
}

async function columnsOf(
  query: MarketDataQuery,
  symbol: string,
  timeframe: string,
): Promise<number> {
  const range = timeframe === '1d' ? { from: decade[0]!.open, to } : { from, to };
  const result = await query.candles({ exchange: EXCHANGE, symbol, timeframe, ...range });
  return (await result.columns()).rows;
}

/** A process that just began: nothing open, nothing attached. The page cache is warm for both. */
async function firstTouch(bench: Bench, table: string, timeframe: string): Promise<BenchRow> {
  const ours = (round: number): Promise<number> =>
    timed(async () => {
      await using manager = await DatabaseManager.open({ root: bench.root, role: 'reader' });
      const query = new MarketDataQuery(manager.marketData, { calendarOf: () => calendar });
      await columnsOf(query, names[round]!, timeframe);
    });
  const theirs = (round: number): Promise<number> =>
    timed(async () => {
      const raw = await openReference(bench.reference);
      await raw.rows(rawSql(table, bench.firstSid + round));
      raw.close();
    });
  const { ratio, ours: ms, theirs: rawMs } = await compared(5, ours, theirs);
  const goal = timeframe === '1d' ? '<= 2' : '<= 2.5';
  const name =
    timeframe === '1d' ? '10 years of 1d, first touch' : 'symbol-year of 1m, first touch';
  return { name, value: ratio, unit: 'x', goal, detail: detailOf(ms, rawMs) };
}

function rawSql(table: string, sid: number): string {
  return `SELECT ${TIMED} FROM ref.${table} WHERE sid = ${sid} ORDER BY t`;
}

function detailOf(ours: number, theirs: number): string {
  return `${ours.toFixed(1)} ms, raw ${theirs.toFixed(1)} ms`;
}

async function warm(bench: Bench, table: string, timeframe: string): Promise<BenchRow> {
  const { ratio, ours, theirs } = await compared(
    15,
    (round) => timed(() => columnsOf(bench.query, names[round % names.length]!, timeframe)),
    (round) => timed(() => bench.raw.rows(rawSql(table, bench.firstSid + (round % names.length)))),
  );
  const [name, goal] =
    timeframe === '1d' ? ['10 years of 1d, warm', '<= 2'] : ['symbol-year of 1m, warm', '<= 1.5'];
  return { name: name!, value: ratio, unit: 'x', goal, detail: detailOf(ours, theirs) };
}

/** What was done before: an instance per day file. Every tenth day, times ten. */
async function againstInstances(bench: Bench, symbolYearMs: number): Promise<BenchRow> {
  const layoutOfDay = (date: string): string =>
    `${bench.root}/market_data/${EXCHANGE}/candles/1m/${date}.duckdb`;
  const sample = year.filter((_, i) => i % 10 === 0);
  const spent = await timed(async () => {
    for (const { tradingDate } of sample) {
      const raw = await openReference(layoutOfDay(tradingDate));
      await raw.rows(`SELECT ${TIMED} FROM ref.data WHERE sid = ${bench.firstSid}`);
      raw.close();
    }
  });
  const all = (spent / sample.length) * year.length;
  return {
    name: 'symbol-year of 1m, against one instance per file',
    value: all / symbolYearMs,
    unit: 'x faster',
    goal: '>= 50',
    detail: `${all.toFixed(0)} ms for ${year.length} instances`,
  };
}

async function oneDayOfTicks(bench: Bench): Promise<BenchRow> {
  const sessionOf = (round: number) => tickDays[(round * 7) % tickDays.length]!;
  const { ratio, ours, theirs } = await compared(
    9,
    (round) =>
      timed(async () => {
        const { open, close } = sessionOf(round);
        const symbol = names[round % names.length]!;
        const result = await bench.query.ticks({
          exchange: EXCHANGE,
          symbol,
          from: open,
          to: close,
        });
        await result.columns();
      }),
    (round) => {
      const { open, close } = sessionOf(round);
      const sid = bench.firstSid + (round % names.length);
      return timed(() =>
        bench.raw.rows(
          `SELECT epoch_ns(ts) AS t, seq, price, volume, bid, ask FROM ref.ticks WHERE sid = ${sid} AND ts >= make_timestamp_ns(${open}) AND ts < make_timestamp_ns(${close}) ORDER BY t, seq`,
        ),
      );
    },
  );
  return {
    name: 'a day of ticks of one symbol among 90 days',
    value: ratio,
    unit: 'x',
    goal: '<= 2',
    detail: detailOf(ours, theirs),
  };
}

async function resample(bench: Bench): Promise<BenchRow> {
  const month = year.filter((session) => session.tradingDate.startsWith('2024-06'));
  const range = { from: month[0]!.open, to: month.at(-1)!.close };
  const ask = { exchange: EXCHANGE, symbols: names, timeframe: '15m', ...range };
  const { ratio, ours, theirs } = await compared(
    5,
    () => timed(async () => (await bench.query.candles(ask)).columns()),
    () =>
      timed(() =>
        bench.raw.rows(
          `SELECT epoch_ns(time_bucket(INTERVAL 15 MINUTE, ts::TIMESTAMP)) AS t, sid, arg_min(open, ts) AS open, max(high) AS high, min(low) AS low, arg_max(close, ts) AS close, sum(volume) AS volume
FROM ref.minutes WHERE ts >= make_timestamp_ns(${range.from}) AND ts < make_timestamp_ns(${range.to}) GROUP BY ALL ORDER BY t, sid`,
        ),
      ),
  );
  return {
    name: `1m to 15m, ${SYMBOLS} symbols, a month`,
    value: ratio,
    unit: 'x',
    goal: '<= 1.2',
    detail: detailOf(ours, theirs),
  };
}

async function asof(bench: Bench): Promise<BenchRow> {
  const { open, close } = tickDays[0]!; // no session before it: both sides read one day
  const ask = {
    exchange: EXCHANGE,
    symbols: names,
    from: open,
    to: close,
    left: 'trades',
    right: 'quotes',
  } as const;
  const day = `FROM ref.ticks WHERE ts >= make_timestamp_ns(${open}) AND ts < make_timestamp_ns(${close})`;
  const quotes = `SELECT sid, ts, arg_max(struct_pack(price := price, bid := bid, ask := ask), seq) AS v ${day} AND bid IS NOT NULL AND ask IS NOT NULL GROUP BY sid, ts`;
  const sql = `SELECT epoch_ns(l.ts) AS t, l.sid, l.seq, l.price, l.volume, epoch_ns(q.ts) AS right_t, q.v.price AS p, q.v.bid AS bid, q.v.ask AS ask
FROM (SELECT * ${day} AND volume > 0) l ASOF LEFT JOIN (${quotes}) q ON l.sid = q.sid AND l.ts >= q.ts ORDER BY t, l.sid, l.seq`;
  const { ratio, ours, theirs } = await compared(
    5,
    () =>
      timed(async () => {
        for await (const _chunk of (await bench.query.asofJoin(ask)).chunks());
      }),
    () => timed(() => bench.raw.rows(sql)),
  );
  return {
    name: 'as-of: a day of trades on quotes',
    value: ratio,
    unit: 'x',
    goal: '<= 1.2',
    detail: detailOf(ours, theirs),
  };
}

async function columnsAgainstRows(bench: Bench): Promise<BenchRow[]> {
  const count = Math.min(SYMBOLS, 11); // about 1M rows of a year
  const ask = { exchange: EXCHANGE, symbols: names.slice(0, count), timeframe: '1m', from, to };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  let rows = 0;
  const columns: number[] = [];
  delay.enable();
  for (let round = 0; round < 5; round++)
    columns.push(
      await timed(async () => {
        for await (const chunk of (await bench.query.candles(ask)).chunks()) rows += chunk.rows;
      }),
    );
  delay.disable();
  const sids = `BETWEEN ${bench.firstSid} AND ${bench.firstSid + count - 1}`;
  const objects = await timed(() =>
    bench.raw.objects(
      `SELECT ts, sid, open, high, low, close, volume FROM ref.minutes WHERE sid ${sids} ORDER BY ts, sid`,
    ),
  );
  const detail = `${(rows / 5).toLocaleString('en')} rows: ${median(columns).toFixed(0)} ms, the engine's row objects ${objects.toFixed(0)} ms`;
  return [
    {
      name: '1M rows as columns, against row objects of the engine',
      value: objects / median(columns),
      unit: 'x',
      goal: '>= 10',
      detail,
    },
    {
      name: 'loop stall while columns stream, p99',
      value: delay.percentile(99) / 1e6,
      unit: 'ms',
      goal: '<= 15',
    },
  ];
}

async function concurrent(bench: Bench): Promise<BenchRow[]> {
  const latencies: number[] = [];
  let [errors, descriptors] = [0, 0];
  const one = async (i: number): Promise<void> => {
    const { open, close } = year[(i * 31) % year.length]!;
    const symbol = names[(i * 7) % names.length]!;
    try {
      latencies.push(
        await timed(async () => {
          const result = await bench.query.candles({
            exchange: EXCHANGE,
            symbol,
            timeframe: '5m',
            from: open,
            to: close,
          });
          if ((await result.columns()).rows !== candlesIn({ open, close })) errors += 1;
        }),
      );
    } catch {
      errors += 1; // counted: the row below says how many
    }
    if (process.platform === 'linux')
      descriptors = Math.max(descriptors, readdirSync('/proc/self/fd').length);
  };
  const spent = await timed(() => Promise.all(Array.from({ length: 1_000 }, (_, i) => one(i))));
  latencies.sort((a, b) => a - b);
  const p99 = latencies[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
  const detail = `all in ${spent.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`;
  return [
    { name: '1,000 queries at once: errors', value: errors, unit: '', goal: '= 0', detail },
    {
      name: '1,000 queries at once: open descriptors at most',
      value: descriptors,
      unit: '',
      goal: '<= 400',
    },
  ];
}

async function eightReaders(bench: Bench): Promise<BenchRow> {
  const child = fileURLToPath(new URL('./queries/reader-child.ts', import.meta.url));
  const run = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const args = [...process.execArgv, child, bench.root, String(SYMBOLS), '100'];
      const reader = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let text = '';
      reader.stdout.on('data', (data: Buffer) => {
        text += data.toString();
      });
      reader.on('error', reject);
      reader.on('close', () => {
        try {
          resolve((JSON.parse(text) as { errors: number }).errors);
        } catch (cause) {
          reject(new Error('A reader process gave no answer', { cause }));
        }
      });
    });
  const errors = await Promise.all(Array.from({ length: 8 }, run));
  const value = errors.reduce((sum, n) => sum + n, 0);
  return { name: '8 reader processes, 100 queries each: errors', value, unit: '', goal: '= 0' };
}

/** Takes about four minutes, most of it to build 19M candles and 18M ticks through @tb/history. */
export async function run(): Promise<BenchRow[]> {
  using root = tempRoot('bench-queries');
  const reference = root.at('reference.duckdb');
  const store = await openMadeStore(root.at('data'), SYMBOLS);
  await build(store, reference);
  await store.close();
  await using manager = await DatabaseManager.open({ root: root.at('data'), role: 'reader' });
  const raw = await openReference(reference);
  const query = new MarketDataQuery(manager.marketData, { calendarOf: () => calendar });
  const bench: Bench = { root: root.at('data'), reference, query, raw, firstSid: store.sids[0] };
  try {
    const rows: BenchRow[] = [await firstTouch(bench, 'minutes', '1m')];
    rows.push(await warm(bench, 'minutes', '1m'));
    const years: number[] = [];
    for (const symbol of names.slice(0, 9))
      years.push(await timed(() => columnsOf(query, symbol, '1m')));
    rows.push(await againstInstances(bench, median(years)));
    rows.push(await firstTouch(bench, 'days', '1d'), await warm(bench, 'days', '1d'));
    rows.push(await oneDayOfTicks(bench), await resample(bench), await asof(bench));
    rows.push(...(await columnsAgainstRows(bench)), ...(await concurrent(bench)));
    rows.push(await eightReaders(bench));
    return rows;
  } finally {
    raw.close();
  }
}
