import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { type AsofRequest, MarketDataQuery } from '@tb/queries';
import { seedOf } from '@tb/testkit';
import fc from 'fast-check';
import { candle, collect, MINUTE, minutes, session } from './support/made-data.ts';
import { TestStore, type TestTick } from './support/test-store.ts';

const calendar = calendarOf('nse');
const day = session(calendar, '2024-03-12');
const range = { exchange: 'nse', from: day.windowFrom, to: day.windowTo };
const SYMBOLS = ['A', 'B'];
let store: TestStore;
let query: MarketDataQuery;

beforeEach(async () => {
  store = await TestStore.open();
  query = new MarketDataQuery(store, { calendarOf, now: () => day.close });
});

afterEach(() => {
  expect(store.disposed).toBe(store.opened);
  store.close();
});

interface Match {
  readonly seq: bigint;
  readonly rightTs: bigint;
  readonly bid: number;
}

async function joined(request: AsofRequest): Promise<Match[]> {
  const chunks = await collect((await query.asofJoin(request)).chunks());
  return chunks.flatMap((chunk) =>
    [...chunk.seq].map((seq, i) => ({ seq, rightTs: chunk.rightTs[i]!, bid: chunk.rightBid[i]! })),
  );
}

/** Looks at every pair. */
function plainJoin(ticks: readonly TestTick[], request: AsofRequest): Match[] {
  const { direction = 'backward', allowExact = true, toleranceNs } = request;
  const trades = ticks.filter((tick) => tick.volume > 0);
  const quotes = ticks.filter((tick) => !Number.isNaN(tick.bid) && !Number.isNaN(tick.ask));
  const order = (a: TestTick, b: TestTick) =>
    Number(a.ts - b.ts) || a.symbol.localeCompare(b.symbol) || Number(a.seq - b.seq);
  return [...trades].sort(order).map((trade) => {
    const fits = quotes.filter((quote) => {
      const ahead = quote.ts - trade.ts;
      if (quote.symbol !== trade.symbol || (ahead === 0n && !allowExact)) return false;
      if (toleranceNs !== undefined && (ahead < 0n ? -ahead : ahead) > toleranceNs) return false;
      return ahead === 0n || direction === 'nearest' || ahead > 0n === (direction === 'forward');
    });
    const distance = (quote: TestTick) => Math.abs(Number(quote.ts - trade.ts));
    fits.sort((a, b) => {
      if (distance(a) !== distance(b)) return distance(a) - distance(b);
      if (a.ts !== b.ts) return a.ts < b.ts ? -1 : 1; // two equally near: the earlier
      // On one stamp: the last that came before, the first that comes after.
      const isForward = direction === 'forward' || a.ts > trade.ts;
      return isForward ? Number(a.seq - b.seq) : Number(b.seq - a.seq);
    });
    const found = fits[0];
    return { seq: trade.seq, rightTs: found?.ts ?? 0n, bid: found?.bid ?? NaN };
  });
}

test('a join of trades and quotes equals a look at every pair, with ties, either way and within a tolerance', async () => {
  const tick = fc.record({
    symbol: fc.constantFrom(...SYMBOLS),
    at: fc.nat({ max: 12 }),
    isTrade: fc.boolean(),
  });
  for (const symbol of SYMBOLS) store.sid(symbol);
  await fc.assert(
    fc.asyncProperty(
      fc.array(tick, { minLength: 1, maxLength: 30 }),
      fc.constantFrom('backward', 'forward', 'nearest'),
      fc.boolean(),
      fc.option(fc.nat({ max: 4 }), { nil: undefined }),
      async (made, direction, allowExact, tolerance) => {
        const ticks = made.map(
          ({ symbol, at, isTrade }, i): TestTick => ({
            symbol,
            ts: day.open + BigInt(at),
            seq: BigInt(i + 1),
            price: 1,
            volume: isTrade ? 1 : 0,
            bid: isTrade ? NaN : i,
            ask: isTrade ? NaN : i,
          }),
        );
        await store.ticks('2024-03-12', ticks, { publishedAt: 1n });
        const toleranceNs = tolerance === undefined ? undefined : BigInt(tolerance);
        const sides = { left: 'trades', right: 'quotes' } as const;
        const request = {
          ...range,
          symbols: SYMBOLS,
          ...sides,
          direction,
          allowExact,
          toleranceNs,
        } as const;
        expect(await joined(request)).toEqual(plainJoin(ticks, request));
      },
    ),
    { seed: seedOf(), numRuns: 120 },
  );
}, 60_000);

describe('events', () => {
  test('are matched with candles that had ended: never with the one that was forming', async () => {
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 10));
    const ts = BigInt64Array.of(
      day.open + 5n * MINUTE - 1n,
      day.open + 5n * MINUTE,
      day.open + MINUTE - 1n,
    );
    const events = { symbol: ['A', 'A', 'A'], ts };
    const result = await query.asofJoin({
      ...range,
      symbol: 'A',
      left: events,
      right: { candles: '1m' },
    });
    const [chunk] = await collect(result.chunks());
    const byEvent = [...chunk!.index].map((index, i) => [
      index,
      chunk!.rightTs[i],
      chunk!.rightPrice[i],
    ]);
    expect(byEvent).toEqual([
      [2, 0n, NaN],
      [0, day.open + 3n * MINUTE, 104],
      [1, day.open + 4n * MINUTE, 105],
    ]);
  });

  test('outside the range, or of a symbol not asked for, are refused', async () => {
    await store.candles('1m', '2024-03-12', [candle('A', day.open, 1)]);
    const ask = { ...range, symbol: 'A', right: { candles: '1m' } } as const;
    for (const left of [
      { symbol: ['A'], ts: BigInt64Array.of(day.windowTo) },
      { symbol: ['B'], ts: BigInt64Array.of(day.open) },
      { symbol: ['A'], ts: new BigInt64Array(0) },
    ])
      await expect(query.asofJoin({ ...ask, left })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  test('of more than one statement come in order, each with its number', async () => {
    await store.candles('1m', '2024-03-12', minutes(calendar, 'A', '2024-03-12', 300));
    const count = 12_000;
    const ts = BigInt64Array.from(
      { length: count },
      (_, i) => day.open + MINUTE + BigInt(count - i),
    );
    const symbol = Array.from({ length: count }, () => 'A');
    const result = await query.asofJoin({
      ...range,
      symbol: 'A',
      left: { symbol, ts },
      right: { candles: '1m' },
    });
    const chunks = await collect(result.chunks());
    const indexes = chunks.flatMap((chunk) => [...chunk.index]);
    expect(indexes).toEqual(Array.from({ length: count }, (_, i) => count - 1 - i));
    expect(chunks.every((chunk) => chunk.rightPrice.every((price) => price === 101))).toBe(true);
  });
});
