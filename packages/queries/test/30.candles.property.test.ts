import { expect, test } from '@jest/globals';
import { calendarOf, type Session, type SessionCalendar } from '@tb/calendar';
import { MarketDataQuery } from '@tb/queries';
import { type Candle, parseTimeframe } from '@tb/schema';
import { seedOf } from '@tb/testkit';
import fc from 'fast-check';
import { collect, MINUTE } from './support/made-data.ts';
import { TestStore } from './support/test-store.ts';

/** Two weeks with the US clock change of 2024-03-10, and with an NSE holiday (2024-03-08). */
const EXCHANGES = ['xnas', 'nse', 'binance'] as const;
const [FROM, TO] = ['2024-03-04', '2024-03-16'];
const SYMBOLS = ['B', 'a', 'A', '\u{1F600}', '\uFF21'];
const TIMEFRAMES = ['1m', '2m', '5m', '7m', '15m', '1h', '90m', '4h', '24h', '1d'];

interface Placed {
  readonly session: Session;
  /** Where the rows of the date are: a day file, a month, or live, in one table or two. */
  readonly place:
    | 'none'
    | 'day'
    | 'month'
    | 'archive'
    | 'live'
    | 'corrected'
    | 'corrected in archive';
  /** Which derived timeframes are stored as well. */
  readonly stored: boolean;
  readonly rows: readonly Candle[];
}

const volumes = fc.oneof(
  fc.integer({ min: 0, max: 1000 }),
  fc.double({ min: 0, max: 10, noNaN: true }),
);

function dateArbitrary(session: Session): fc.Arbitrary<Placed> {
  const span = Number((session.windowTo - session.windowFrom) / MINUTE);
  const row = fc.record({
    symbol: fc.constantFrom(...SYMBOLS),
    minute: fc.nat({ max: span - 1 }),
    prices: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 4, maxLength: 4 }),
    volume: volumes,
  });
  return fc.record({
    session: fc.constant(session),
    place: fc.constantFrom(
      ...['none', 'day', 'day', 'month', 'archive', 'live', 'corrected', 'corrected in archive'],
    ),
    stored: fc.boolean(),
    rows: fc
      .uniqueArray(row, { maxLength: 40, selector: (r) => `${r.symbol} ${r.minute}` })
      .map((rows) => rows.map((r) => candleOf(session, r))),
  }) as fc.Arbitrary<Placed>;
}

function candleOf(
  session: Session,
  row: { symbol: string; minute: number; prices: number[]; volume: number },
): Candle {
  const [low, a, b, high] = [...row.prices].sort((x, y) => x - y) as [
    number,
    number,
    number,
    number,
  ];
  const ts = session.windowFrom + BigInt(row.minute) * MINUTE;
  const isUp = row.minute % 2 === 0;
  const volume = row.volume;
  return { symbol: row.symbol, ts, open: isUp ? a : b, high, low, close: isUp ? b : a, volume };
}

/** When corrections are published; the rest is there since 0. */
const CORRECTED_AT = 1n;
/** Volume of every row of a date before its correction. */
const WRONG_VOLUME = 1e6;

/** Rows that are right now, and those that were published before the corrections. */
interface Stored {
  readonly now: Candle[];
  readonly before: Candle[];
}

/** Stores each date where it is placed; wrong rows stand beside, where no correct query looks. */
async function fill(
  store: TestStore,
  calendar: SessionCalendar,
  dates: readonly Placed[],
): Promise<Stored> {
  const monthly = dates.filter((date) => date.place === 'month' && date.rows.length > 0);
  const all: Stored = { now: [], before: [] };
  for (const { session, place, rows, stored } of dates) {
    const { tradingDate } = session;
    if (place === 'none' || rows.length === 0) continue;
    all.now.push(...rows);
    if (place === 'live') {
      const half = Math.ceil(rows.length / 2);
      await store.candles('1m', tradingDate, rows.slice(0, half), { origin: 'segment' });
      await store.candles('1m', tradingDate, rows.slice(half), { origin: 'live_candles' });
      continue;
    }
    const publish = async (revision: readonly Candle[], publishedAt: bigint): Promise<void> => {
      const origin = place.endsWith('archive') ? 'archive' : 'day';
      if (place !== 'month')
        await store.candles('1m', tradingDate, revision, { origin, publishedAt });
      if (stored)
        for (const timeframe of ['5m', '1d'] as const)
          await store.candles(timeframe, tradingDate, derive(calendar, revision, timeframe), {
            publishedAt,
          });
    };
    const wrong = rows.map((row) => ({ ...row, volume: WRONG_VOLUME }));
    const isCorrected = place.startsWith('corrected');
    const first = isCorrected ? wrong : rows;
    all.before.push(...first);
    await publish(first, 0n);
    if (isCorrected) await publish(rows, CORRECTED_AT);
  }
  if (monthly.length > 0)
    await store.candles(
      '1m',
      monthly[0]!.session.tradingDate,
      monthly.flatMap((date) => date.rows),
      {
        origin: 'month',
        tradingDates: monthly.map((date) => date.session.tradingDate),
      },
    );
  return all;
}

/** The rule in its plainest form: rows one by one, in order of time. */
function derive(calendar: SessionCalendar, rows: readonly Candle[], timeframe: string): Candle[] {
  const candles = new Map<string, Candle>();
  for (const row of [...rows].sort((a, b) => Number(a.ts - b.ts))) {
    const ts = calendar.candleStart(row.ts, timeframe);
    const known = candles.get(`${row.symbol} ${ts}`);
    candles.set(
      `${row.symbol} ${ts}`,
      known
        ? {
            ...known,
            high: Math.max(known.high, row.high),
            low: Math.min(known.low, row.low),
            close: row.close,
            volume: known.volume + row.volume,
          }
        : { ...row, ts },
    );
  }
  return [...candles.values()];
}

/** Plain SQL over one table with every row, given the START of each: what the answer must be. */
async function reference(
  store: TestStore,
  calendar: SessionCalendar,
  rows: readonly Candle[],
  ask: { timeframe: string; symbols: readonly string[]; from: bigint; to: bigint },
): Promise<unknown[][]> {
  await store.query(
    'CREATE OR REPLACE TABLE reference (symbol VARCHAR, start BIGINT, t BIGINT, o DOUBLE, h DOUBLE, l DOUBLE, c DOUBLE, v DOUBLE)',
  );
  const values = rows.map(
    (r) =>
      `('${r.symbol}', ${calendar.candleStart(r.ts, ask.timeframe)}, ${r.ts}, ${r.open}, ${r.high}, ${r.low}, ${r.close}, '${r.volume}'::DOUBLE)`,
  );
  if (values.length > 0) await store.query(`INSERT INTO reference VALUES ${values.join(', ')}`);
  const names = ask.symbols.map((symbol) => `'${symbol}'`).join(', ');
  // DuckDB orders text by its bytes in UTF-8, which is the order of code points.
  return store.query(
    `SELECT symbol, start, first(o ORDER BY t), max(h), min(l), last(c ORDER BY t), sum(v ORDER BY t) FROM reference
     WHERE symbol IN (${names}) AND start >= ${ask.from} AND start < ${ask.to} GROUP BY symbol, start ORDER BY start, symbol`,
  );
}

for (const exchange of EXCHANGES) {
  const calendar = calendarOf(exchange);
  const sessions = calendar.sessionsBetween(FROM, TO);
  const [first, last] = [sessions[0]!, sessions.at(-1)!];
  const width = Number((last.windowTo - first.windowFrom) / MINUTE);

  test(`candles of ${exchange} equal plain SQL over one table, for any store, range and timeframe, now and as of before its corrections`, async () => {
    const seed = seedOf();
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(...sessions.map(dateArbitrary)),
        fc.constantFrom(...TIMEFRAMES),
        fc.uniqueArray(fc.constantFrom(...SYMBOLS), { minLength: 1 }),
        fc.nat({ max: width }),
        fc.nat({ max: width }),
        fc.boolean(),
        async (dates, timeframe, symbols, a, b, isBefore) => {
          const store = await TestStore.open();
          try {
            for (const symbol of SYMBOLS) store.sid(symbol);
            const stored = await fill(store, calendar, dates);
            const rows = isBefore ? stored.before : stored.now;
            const from = first.windowFrom + BigInt(Math.min(a, b)) * MINUTE;
            const to = first.windowFrom + BigInt(Math.max(a, b)) * MINUTE;
            const query = new MarketDataQuery(store, { calendarOf: () => calendar });
            const ask = { exchange, timeframe, symbols, from, to };
            const asOf = isBefore ? CORRECTED_AT - 1n : undefined;
            const result = await query.candles({ ...ask, asOf, onGap: 'report' });
            const got = (await collect(result.rows())).map((row) => [
              row.symbol,
              row.ts,
              row.open,
              row.high,
              row.low,
              row.close,
              row.volume,
            ]);
            const text = parseTimeframe(timeframe).text;
            expect(got).toEqual(
              await reference(store, calendar, rows, { ...ask, timeframe: text }),
            );
            expect(store.disposed).toBe(store.opened);
          } finally {
            store.close();
          }
        },
      ),
      { seed, numRuns: 25 },
    );
  }, 60_000);
}
