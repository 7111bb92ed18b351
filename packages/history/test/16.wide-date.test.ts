import { describe, expect, test } from '@jest/globals';
import { buildDay, type DaySource, openBuildInstance } from '@tb/history';
import { Market } from './market.ts';

const DATE = '2026-02-02';
const SYMBOLS = 2000;

describe('a date of many symbols', () => {
  // 10,000 symbols of supplied candles, or of ticks, ran out of 512 MB: lists of minutes in a gate, tables kept to the end.
  test.each([
    ['candles', 128],
    ['ticks', 160],
  ] as const)(
    'regress-6-wide-date: is built and checked in little memory, from %s',
    async (kind, memoryLimitMb) => {
      await using market = await Market.open();
      const { open } = market.session(DATE);
      const symbols = await market.symbols(SYMBOLS, DATE);
      await using duck = await openBuildInstance({ memoryLimitMb });
      await duck.connection.run(
        `ATTACH '${market.layout.root}/source.duckdb' AS source (TYPE duckdb)`,
      );
      // One minute in 5,000 is missing, so that every series is looked at.
      await duck.connection.run(
        `CREATE TABLE source.minutes AS SELECT (1 + n % ${SYMBOLS})::INTEGER AS sid, make_timestamp_ns(${open} + (n // ${SYMBOLS}) * 60000000000) AS ts,
         (n + 1)::BIGINT AS seq, 100.5::DOUBLE AS price, 100.5::DOUBLE AS open, 101.0::DOUBLE AS high, 99.5::DOUBLE AS low, 100.25::DOUBLE AS close,
         (1 + n % 7)::DOUBLE AS volume, 100.0::DOUBLE AS bid, 101.0::DOUBLE AS ask
       FROM range(0, ${375 * SYMBOLS}) AS t (n) WHERE n % 5003 <> 0`,
      );
      const source: DaySource =
        kind === 'ticks'
          ? { ticks: 'SELECT sid, ts, seq, price, volume, bid, ask FROM source.minutes' }
          : {
              candles: {
                '1m': 'SELECT sid, ts, open, high, low, close, volume FROM source.minutes',
              },
            };
      const result = await buildDay(duck.connection, {
        ...{ layout: market.layout, session: market.session(DATE), calendar: market.calendar },
        ...{
          revision: 1,
          source,
          symbols,
          sourceFingerprint: 'made',
          expectations: 'flag',
          dryRun: true,
        },
        ...(kind === 'ticks' && { beside: await duck.connect() }),
      });
      expect(result).toMatchObject({ ok: true, rows: { '1m': 749_850, '1d': SYMBOLS } });
      const holes = result.gates.filter(({ gate, ok }) => gate === 'no_short_holes' && !ok);
      expect(holes.length).toBe(150);
    },
  );
});
