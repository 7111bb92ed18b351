import { expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { SymbolRegistry } from '@tb/history';
import { LiveBuffer } from '@tb/live';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { type CandleChunk, MarketDataQuery, type TickChunk } from '@tb/queries';
import { layoutOf } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { rollover } from '../src/rollover/rollover.ts';

const DATE = '2025-02-03';
const MINUTE = 60_000_000_000n;
const calendar = calendarOf('nse');
const session = calendar.sessionOf(DATE)!;
/** No feed was connected in this part of the session. */
const HOLE = { from: session.open + 120n * MINUTE, to: session.open + 130n * MINUTE };
const SYMBOLS = ['NSE_EQ|AAA', 'NSE_EQ|BBB'];

/** Ticks of both symbols, three a minute, from one time to another; prices that show a row out of place. */
function ticksBetween(from: bigint, to: bigint) {
  const times: bigint[] = [];
  for (let ts = from; ts < to; ts += MINUTE / 3n) times.push(ts, ts);
  return {
    symbol: times.map((_, i) => SYMBOLS[i % 2] as string),
    ts: BigInt64Array.from(times),
    price: Float64Array.from(
      times,
      (ts, i) => 100 + (Number(ts / 1_000_000_000n) % 97) / 4 + (i % 2),
    ),
    volume: Float64Array.from(times, (_, i) => 1 + (i % 7)),
  };
}

/** A day as its feed gave it, with a hole in the coverage; one part is sealed into a segment. */
async function fill(live: LiveBuffer, clock: { now: bigint }): Promise<void> {
  const feed = async (from: bigint, to: bigint): Promise<void> => {
    clock.now = from;
    await live.feedConnected('feed');
    await live.append(ticksBetween(from, to));
    clock.now = to;
    await live.feedDisconnected('feed');
  };
  await feed(session.open, HOLE.from);
  await live.seal(DATE);
  await feed(HOLE.to, session.close);
  clock.now = session.close + 10n * MINUTE;
  await live.flush();
}

function plain({ rows, ...columns }: CandleChunk | TickChunk): unknown {
  return [rows, Object.entries(columns).map(([name, values]) => [name, [...values].map(String)])];
}

/** Everything that a query says about the day, apart from where it read it. */
async function readAll(query: MarketDataQuery): Promise<Record<string, unknown>> {
  const day = { exchange: 'nse', from: session.open, to: session.close } as const;
  const all = { ...day, symbols: SYMBOLS, onGap: 'report' } as const;
  const read: Record<string, unknown> = {};
  for (const timeframe of ['1m', '5m', '7m', '15m', '1h', '1d']) {
    const result = await query.candles({ ...all, timeframe });
    read[`gaps ${timeframe}`] = result.gaps;
    read[`candles ${timeframe}`] = plain(await result.columns());
  }
  read['ticks'] = plain(await (await query.ticks(all)).columns());
  const newest = { exchange: 'nse', symbols: SYMBOLS, count: 50 };
  read['last candles'] = plain(
    await (await query.lastCandles({ ...newest, timeframe: '5m' })).columns(),
  );
  read['last ticks'] = plain(await (await query.lastTicks(newest)).columns());
  read['latest'] = (await query.latest({ exchange: 'nse', symbols: SYMBOLS })).prices;
  const { rows, gaps } = await query.coverage({ ...day, symbols: SYMBOLS, timeframe: '1m' });
  read['coverage'] = { rows, gaps };
  read['sessions'] = (await query.sessions({ ...day, kind: 'candles' })).sessions;
  return read;
}

test('results, gaps of the feed too, are identical before, at every step of, and after a rollover', async () => {
  using root = tempRoot('query-rollover');
  const layout = layoutOf(root.at('data'));
  await initialiseRoot(layout);
  using registry = SymbolRegistry.open({ layout, waitMs: 10_000 });
  const clock = { now: session.open };
  const now = (): bigint => clock.now;
  await using live = await LiveBuffer.open({
    ...{ layout, exchange: 'nse', calendar, registry, now },
    seal: { auto: false },
  });
  await fill(live, clock);
  await using reader = await DatabaseManager.open({ root: layout.root, role: 'reader' });
  const query = new MarketDataQuery(reader.marketData, { calendarOf, now });

  const before = await readAll(query);
  expect(before['gaps 1m']).toEqual(
    SYMBOLS.map((symbol) => ({
      ...{ kind: 'feed', tradingDate: DATE, certainty: 'known', symbol },
      ...HOLE,
    })),
  );
  for (const timeframe of ['5m', '7m', '15m', '1h'])
    expect([timeframe, before[`gaps ${timeframe}`]]).toEqual([timeframe, before['gaps 1m']]);
  expect(before['coverage']).toMatchObject({
    rows: SYMBOLS.map((symbol) => ({ symbol, candles: 365, inSession: 365, expected: 375 })),
    gaps: before['gaps 1m'],
  });

  const steps = new Map<string, Promise<Record<string, unknown>>>();
  const result = await rollover(
    { tradingDate: DATE },
    {
      ...{ layout, live, calendar, now, waitMs: 10_000 },
      onStep: (step) => {
        const name = step.split(' ').slice(0, 2).join(' ');
        if (!steps.has(name)) steps.set(name, readAll(query));
      },
    },
  );
  expect(result.status).toBe('promoted');
  expect([...steps.keys()]).toEqual(
    expect.arrayContaining(['frozen', 'built', 'published', 'cleared']),
  );
  for (const [step, read] of steps) expect([step, await read]).toEqual([step, before]);
  expect(await readAll(query)).toEqual(before);
  await using another = await DatabaseManager.open({ root: layout.root, role: 'reader' });
  const afresh = new MarketDataQuery(another.marketData, { calendarOf, now });
  expect(await readAll(afresh)).toEqual(before);
});
