import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type DayResult, type GateResult, SymbolRegistry } from '@tb/history';
import { Market } from './market.ts';

const DATA = fileURLToPath(new URL('../../../../shared/data/', import.meta.url));
const isThere = existsSync(`${DATA}/us_spy_trades_20131007.csv.gz`);
const real = isThere ? describe : describe.skip;
if (!isThere)
  process.stderr.write('SKIPPED: tests on real market data, ../shared/data is not there\n');

function fired(results: readonly GateResult[]): string[] {
  return [...new Set(results.filter((one) => !one.ok).map((one) => one.gate))];
}

real('real SPY ticks of 2013-10-07 (skipped without ../shared/data)', () => {
  const DATE = '2013-10-07';
  let market: Market;
  beforeAll(async () => {
    market = await Market.open('xnas');
    using registry = SymbolRegistry.open({ layout: market.layout, waitMs: 1000 });
    await registry.sidsOf('xnas', ['SPY'], DATE);
    await market.duck.connection.run(
      `CREATE TABLE ticks AS SELECT 1::INTEGER AS sid, ts_utc::TIMESTAMP_NS AS ts, row_number() OVER ()::BIGINT AS seq,
         price::DOUBLE AS price, size::DOUBLE AS volume, NULL::DOUBLE AS bid, NULL::DOUBLE AS ask
       FROM read_csv('${DATA}/us_spy_trades_20131007.csv.gz', all_varchar = true)`,
    );
  }, 60_000);
  afterAll(async () => await market?.[Symbol.asyncDispose]());

  const build = (ticks: string): Promise<DayResult> =>
    market.build(DATE, { source: { ticks }, expectedSymbols: ['SPY'] });

  test('all 241,020 are stored, though 54 % share a millisecond, and candles equal SQL of another shape', async () => {
    const result = await build('FROM ticks');
    expect(fired(result.gates)).toEqual([]);
    expect(result.rows).toMatchObject({ ticks: 241_020, '1m': 391, '1d': 1 });
    const path = (timeframe: string): string =>
      market.layout.absolute(
        result.files.find((one) => one.timeframe === timeframe)?.tempPath ?? '',
      );
    await market.duck.connection.run(
      `ATTACH '${path('')}' AS t (READ_ONLY); ATTACH '${path('5m')}' AS c (READ_ONLY)`,
    );
    const [left] = await market.rows(
      'SELECT count(*) AS n FROM (FROM ticks EXCEPT ALL FROM t.main.data)',
    );
    expect(left).toEqual({ n: 0n });
    const expected = await market.rows(
      `SELECT ts, o, h, l, c, v FROM (
         SELECT time_bucket(INTERVAL 5 MINUTE, ts::TIMESTAMP) AS b, epoch_ns(b) AS ts, seq, v, max(price) OVER w AS h, min(price) OVER w AS l,
           first_value(price) OVER w AS o, last_value(price) OVER w AS c, sum(volume) OVER w AS v, row_number() OVER w AS n
         FROM ticks WINDOW w AS (PARTITION BY time_bucket(INTERVAL 5 MINUTE, ts::TIMESTAMP) ORDER BY ts, seq ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
       ) WHERE n = 1 ORDER BY ts`.replace('seq, v, max', 'seq, max'),
    );
    const stored = await market.rows(
      'SELECT epoch_ns(ts) AS ts, open AS o, high AS h, low AS l, close AS c, volume AS v FROM c.main.data ORDER BY ts',
    );
    await market.duck.connection.run('DETACH t; DETACH c');
    expect(stored).toHaveLength(79);
    expect(stored).toEqual(expected);
  }, 60_000);

  const shift = (ns: string): string =>
    `SELECT * REPLACE (make_timestamp_ns(epoch_ns(ts) + ${ns}) AS ts) FROM ticks`;
  test.each([
    ['deleted', 'FROM ticks WHERE false', 'not_empty'],
    ['truncated at noon', 'FROM ticks WHERE seq < 120000', 'minutes_present'],
    [
      '45 minutes deleted',
      "FROM ticks WHERE ts NOT BETWEEN '2013-10-07 15:00:00' AND '2013-10-07 15:45:00'",
      'minutes_present',
    ],
    ['shifted by 5:30', shift('19800000000000'), 'inside_window'],
    ['shifted by -5:30', shift('-19800000000000'), 'minutes_present'],
    ['doubled', 'FROM ticks UNION ALL FROM ticks', 'strict_order'],
    [
      'a price zeroed',
      'SELECT * REPLACE (if(seq = 9999, 0, price) AS price) FROM ticks',
      'sane_values',
    ],
    ['prices negated', 'SELECT * REPLACE (-price AS price) FROM ticks', 'sane_values'],
    [
      'price and volume swapped',
      'SELECT * REPLACE (volume AS price, price AS volume) FROM ticks',
      'no_jumps',
    ],
  ])(
    '%s: a gate fires',
    async (_name, sql, gate) => {
      expect(fired((await build(sql)).gates)).toContain(gate);
    },
    60_000,
  );
});

real('real 1m candles of NSE (skipped without ../shared/data)', () => {
  let market: Market;
  beforeAll(async () => {
    market = await Market.open('nse');
    const { connection } = market.duck;
    await connection.run(
      `CREATE TABLE raw AS SELECT DISTINCT symbol, ts_utc::TIMESTAMP_NS AS ts, open::DOUBLE AS open, high::DOUBLE AS high,
         low::DOUBLE AS low, close::DOUBLE AS close, volume::DOUBLE AS volume
       FROM read_csv('${DATA}/nse_india_1m_lean.csv.gz', all_varchar = true)`,
    );
    const symbols = (await market.rows('SELECT DISTINCT symbol FROM raw ORDER BY symbol')).map(
      (row) => String(row['symbol']),
    );
    using registry = SymbolRegistry.open({ layout: market.layout, waitMs: 1000 });
    const sids = await registry.sidsOf('nse', symbols, '2010-01-04');
    const values = [...sids].map(([symbol, sid]) => `('${symbol}', ${sid}::INTEGER)`).join(', ');
    await connection.run(
      `CREATE TABLE candles AS SELECT sid, raw.* EXCLUDE (symbol) FROM raw JOIN (VALUES ${values}) AS s (symbol, sid) USING (symbol)`,
    );
  }, 60_000);
  afterAll(async () => await market?.[Symbol.asyncDispose]());

  const build = (date: string, change = 'FROM day', symbol?: string): Promise<DayResult> => {
    const { windowFrom, windowTo } = market.session(date);
    const where = `ts >= make_timestamp_ns(${windowFrom}) AND ts < make_timestamp_ns(${windowTo})${symbol ? ` AND sid = (SELECT any_value(sid) FROM candles JOIN raw USING (ts, open, close) WHERE symbol = '${symbol}')` : ''}`;
    return market.build(date, {
      source: { candles: { '1m': `WITH day AS (SELECT * FROM candles WHERE ${where}) ${change}` } },
    });
  };

  test.each([
    ['2019-01-02', 'a common day'],
    ['2019-10-27', 'Muhurat, a Sunday evening'],
    ['2019-02-19', 'a day with two minutes missing'],
    ['2010-12-30', 'a day with 19 minutes missing in a row'],
  ])('%s passes: %s', async (date) => {
    const result = await build(date);
    expect(result.ok).toBe(true);
    expect(fired(result.gates).filter((gate) => gate !== 'no_short_holes')).toEqual([]);
  });

  test('AAPL under the name UNIONBANK is caught by its hours', async () => {
    const result = await build('2014-06-05');
    expect(result.ok).toBe(false);
    expect(result.gates.find((one) => one.gate === 'usual_hours')).toMatchObject({
      ok: false,
      symbol: 'UNIONBANK',
    });
  });

  const shift = (ns: string): string =>
    `SELECT * REPLACE (make_timestamp_ns(epoch_ns(ts) + ${ns}) AS ts) FROM day`;
  test.each([
    ['deleted', 'FROM day WHERE false', 'not_empty'],
    ['truncated', "SELECT * FROM day WHERE ts < '2019-01-02 08:00:00'", 'minutes_present'],
    [
      '40 minutes deleted',
      "SELECT * FROM day WHERE ts NOT BETWEEN '2019-01-02 06:00:00' AND '2019-01-02 06:40:00'",
      'minutes_present',
    ],
    ['doubled', 'FROM day UNION ALL FROM day', 'strict_order'],
    ['shifted by 5:30', shift('19800000000000'), 'usual_hours'],
    ['shifted by -5:30', shift('-19800000000000'), 'usual_hours'],
    [
      'a close zeroed',
      "SELECT * REPLACE (if(ts = '2019-01-02 05:00:00', 0, close) AS close) FROM day",
      'sane_values',
    ],
    [
      'negated',
      'SELECT * REPLACE (-open AS open, -high AS low, -low AS high, -close AS close) FROM day',
      'sane_values',
    ],
    ['high and low swapped', 'SELECT * REPLACE (low AS high, high AS low) FROM day', 'sane_values'],
    [
      'a stretch forward-filled',
      `SELECT sid, ts, if(f, p, open) AS open, if(f, p, high) AS high, if(f, p, low) AS low, if(f, p, close) AS close, if(f, 0, volume) AS volume FROM (
      SELECT *, ts BETWEEN '2019-01-02 05:00:00' AND '2019-01-02 05:10:00' AS f, last_value(if(ts < '2019-01-02 05:00:00', close, NULL) IGNORE NULLS) OVER (PARTITION BY sid ORDER BY ts) AS p FROM day)`,
      'not_filled',
    ],
    [
      'a split unaccounted for',
      "SELECT * REPLACE (if(ts > '2019-01-02 06:00:00', open / 7, open) AS open, if(ts > '2019-01-02 06:00:00', low / 7, low) AS low, if(ts > '2019-01-02 06:00:00', high / 7, high) AS high, if(ts > '2019-01-02 06:00:00', close / 7, close) AS close) FROM day",
      'no_jumps',
    ],
    [
      'a negative volume',
      "SELECT * REPLACE (if(ts = '2019-01-02 05:00:00', -1, volume) AS volume) FROM day",
      'sane_values',
    ],
  ])('%s: a gate fires', async (_name, sql, gate) => {
    expect(fired((await build('2019-01-02', sql)).gates)).toContain(gate);
  });
});
