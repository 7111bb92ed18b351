import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import {
  buildDayFile,
  type DayResult,
  deriveCandlesSql,
  isHistoryError,
  openBuildInstance,
  rederiveCandlesSql,
} from '@tb/history';
import type { StoredTimeframe } from '@tb/schema';
import fc from 'fast-check';
import { Market } from './market.ts';

const DATE = '2026-02-02';

describe('a built trading date', () => {
  let market: Market;
  let result: DayResult;
  beforeAll(async () => {
    market = await Market.open();
    await market.symbols(3, DATE);
    await market.ticks('ticks', DATE, 3);
    result = await market.build(DATE, {
      source: { ticks: 'SELECT * FROM ticks' },
      coverage: [{ source: 'feed', ...market.range(DATE) }],
    });
  });
  afterAll(async () => await market[Symbol.asyncDispose]());

  const file = (timeframe: string) => {
    const found = result.files.find((one) => one.timeframe === timeframe);
    if (!found) throw new Error(`no ${timeframe}`);
    return { ...found, absolute: market.layout.absolute(found.tempPath) };
  };

  test('has ticks and five timeframes, and passes every gate', () => {
    expect(result.gates.filter((gate) => !gate.ok)).toEqual([]);
    expect(result.rows).toEqual({
      ticks: 4500,
      '1m': 1125,
      '5m': 225,
      '15m': 75,
      '1h': 21,
      '1d': 3,
    });
    expect(result.files.map((one) => one.path)).toEqual([
      'market_data/nse/ticks/2026-02-02.duckdb',
      'market_data/nse/candles/1m/2026-02-02.duckdb',
      'market_data/nse/candles/5m/2026-02-02.duckdb',
      'market_data/nse/candles/15m/2026-02-02.duckdb',
      'market_data/nse/candles/1h/2026-02-02.duckdb',
      'market_data/nse/candles/1d/2026-02-02.duckdb',
    ]);
  });

  test('is plain data: a child process can send it as JSON', () => {
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  test('stands under temporary names, read-only, with no log beside it', () => {
    expect(market.filesOnDisk()).toEqual(result.files.map((one) => one.tempPath).sort());
    for (const one of result.files)
      expect(statSync(market.layout.absolute(one.tempPath)).mode & 0o777).toBe(0o444);
  });

  test('describes itself to a client that knows nothing of us', async () => {
    await using other = await openBuildInstance();
    const read = async (sql: string) => (await other.connection.runAndReadAll(sql)).getRowObjects();
    await other.connection.run(`ATTACH '${file('').absolute}' AS mine (READ_ONLY)`);
    expect(
      await read(
        'SELECT symbol, count(*)::INTEGER AS n FROM mine.ticks GROUP BY symbol ORDER BY symbol',
      ),
    ).toEqual([
      { symbol: 'S1', n: 1500 },
      { symbol: 'S2', n: 1500 },
      { symbol: 'S3', n: 1500 },
    ]);
    expect(
      await read('SELECT exchange, kind, timeframe, trading_date, revision FROM mine.metadata'),
    ).toEqual([{ exchange: 'nse', kind: 'ticks', timeframe: '', trading_date: DATE, revision: 1 }]);
    expect(await read('SELECT source FROM mine.coverage')).toEqual([{ source: 'feed' }]);
    await other.connection.run(`ATTACH '${file('5m').absolute}' AS candles_of_mine (READ_ONLY)`);
    expect(
      await read("SELECT count(*)::INTEGER AS n FROM candles_of_mine.candles WHERE symbol = 'S2'"),
    ).toEqual([{ n: 75 }]);
  });

  test('has 64 KB blocks and a storage version that refuses a stale log', async () => {
    await market.duck.connection.run(`ATTACH '${file('').absolute}' AS looked (READ_ONLY)`);
    const [size] = await market.rows(
      "SELECT block_size, wal_size FROM pragma_database_size() WHERE database_name = 'looked'",
    );
    const [tags] = await market.rows(
      "SELECT tags::VARCHAR AS tags FROM duckdb_databases() WHERE database_name = 'looked'",
    );
    await market.duck.connection.run('DETACH looked');
    expect(size).toMatchObject({ block_size: 65536n });
    expect(String(tags?.['tags'])).toContain('v1.5.0');
  });

  test('is stored in (sid, ts, seq), and equals its source as a multiset', async () => {
    await market.duck.connection.run(`ATTACH '${file('').absolute}' AS looked (READ_ONLY)`);
    const stored = await market.rows('SELECT sid, epoch_ns(ts) AS ts, seq FROM looked.main.data');
    const sorted = await market.rows(
      'SELECT sid, epoch_ns(ts) AS ts, seq FROM ticks ORDER BY sid, ts, seq',
    );
    const [left] = await market.rows(
      'SELECT count(*)::INTEGER AS n FROM (FROM looked.main.data EXCEPT ALL SELECT sid, ts, seq, price, volume, bid, ask FROM ticks)',
    );
    await market.duck.connection.run('DETACH looked');
    expect(stored).toEqual(sorted);
    expect(left).toEqual({ n: 0 });
  });

  test('leaves no descriptor of its files open in the process that built it', () => {
    const open = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ''; // the descriptor of this very listing
      }
    });
    expect(open.filter((path) => path.includes('.tmp-'))).toEqual([]);
  });

  test('leaves the schema that the caller uses, and no tables of its own', async () => {
    expect(await market.rows('SELECT current_database() AS name')).toEqual([{ name: 'memory' }]);
    const names = await market.rows('SELECT table_name AS name FROM duckdb_tables()');
    expect(names.map((row) => row['name'])).toEqual(expect.not.arrayContaining(['tb_day_1m']));
    const attached = await market.rows(
      'SELECT database_name AS name FROM duckdb_databases() WHERE NOT internal',
    );
    expect(attached).toEqual([{ name: 'memory' }]);
  });

  test('the same rows give the same content hash, in any order and cut into any slices', async () => {
    const again = await market.build(DATE, {
      source: { ticks: 'SELECT * FROM ticks ORDER BY hash(seq)' },
      sliceRows: 400,
    });
    expect(again.files.map((one) => one.contentHash)).toEqual(
      result.files.map((one) => one.contentHash),
    );
    expect(again.gates.filter((gate) => !gate.ok)).toEqual([]);
    result = again; // the build removed the temporary files of the first
  });
});

test('fractions of volume add up the same in every run, cut and number of threads', async () => {
  const hashes: string[][] = [];
  for (const [threads, sliceRows] of [
    [1, 1_000_000],
    [2, 300],
  ] as const) {
    await using market = await Market.open('nse', threads);
    await market.symbols(3, DATE);
    await market.ticks('ticks', DATE, 3, 12);
    const ticks =
      'SELECT * REPLACE (volume / 7.0 + 1e-9 * seq AS volume) FROM ticks ORDER BY hash(seq)';
    const result = await market.build(DATE, { source: { ticks }, sliceRows });
    expect(result.gates.filter((gate) => !gate.ok)).toEqual([]);
    hashes.push(result.files.map((one) => one.contentHash));
  }
  expect(hashes[1]).toEqual(hashes[0]);
});

test('candles are the same whether the seqs of a date lie close together or far apart', async () => {
  const hashes: string[][] = [];
  for (const step of [1n, 1n << 40n]) {
    await using market = await Market.open();
    await market.symbols(3, DATE);
    await market.ticks('ticks', DATE, 3, 12);
    const ticks = `SELECT * REPLACE (seq * ${step} AS seq, make_timestamp_ns(epoch_ns(ts) // 15000000000 * 15000000000) AS ts) FROM ticks`;
    const result = await market.build(DATE, { source: { ticks } });
    expect(result.gates.filter((gate) => !gate.ok)).toEqual([]);
    const candles = result.files.filter((file) => file.kind === 'candles');
    hashes.push(candles.map((file) => file.contentHash));
  }
  expect(hashes[1]).toEqual(hashes[0]);
  expect(hashes[0]).toHaveLength(5);
});

describe('a source that cannot be built', () => {
  let market: Market;
  beforeAll(async () => {
    market = await Market.open();
    await market.symbols(2, DATE);
    await market.ticks('ticks', DATE, 2);
  });
  afterAll(async () => {
    expect(market.filesOnDisk()).toEqual([]);
    await market[Symbol.asyncDispose]();
  });

  const build = (ticks: string): Promise<DayResult> => market.build(DATE, { source: { ticks } });

  test.each([
    ['a column is missing', 'SELECT * EXCLUDE (seq) FROM ticks', /no column seq/],
    [
      'a time has a zone',
      'SELECT * REPLACE (ts::TIMESTAMPTZ AS ts) FROM ticks',
      /column ts .* TIMESTAMP WITH TIME ZONE/,
    ],
    ['a sid is a fraction', 'SELECT * REPLACE (sid + 0.5 AS sid) FROM ticks', /column sid/],
    [
      'a price is a text',
      'SELECT * REPLACE (price::VARCHAR AS price) FROM ticks',
      /column price .* VARCHAR/,
    ],
  ])('%s: the rule is named', async (_name, sql, message) => {
    await expect(build(sql)).rejects.toThrow(TypeError);
    await expect(build(sql)).rejects.toThrow(message);
  });

  test('a sid without a symbol is refused by name', async () => {
    const error = await build('SELECT * REPLACE (sid + 7 AS sid) FROM ticks').catch(
      (e: unknown) => e,
    );
    expect(isHistoryError(error, 'SID_UNKNOWN')).toBe(true);
    expect((error as Error).message).toBe('Rows carry sid 8, which has no symbol');
  });

  test('rows that differ each time they are read are caught by the read-back', async () => {
    const error = await build('SELECT * REPLACE (random() AS price) FROM ticks').catch(
      (e: unknown) => e,
    );
    expect(isHistoryError(error, 'BUILD_MISMATCH')).toBe(true);
  });

  test('a price that is NULL is refused by the engine, with its words as the cause', async () => {
    const error = await build(
      'SELECT * REPLACE (if(seq = 5, NULL, price) AS price) FROM ticks',
    ).catch((e: unknown) => e);
    expect(isHistoryError(error, 'BUILD_FAILED')).toBe(true);
    expect(String((error as Error).cause)).toMatch(/NOT NULL constraint failed/);
  });

  test('the connection can build after a failure', async () => {
    const result = await market.build(DATE, { source: { ticks: 'FROM ticks' }, dryRun: true });
    expect(result.ok).toBe(true);
  });
});

describe('details of a day file', () => {
  test('NaN in bid and ask is stored as NULL, and a nanosecond survives', async () => {
    await using market = await Market.open();
    const { open } = market.session(DATE);
    await market.symbols(1, DATE);
    const built = await buildDayFile(market.duck.connection, {
      layout: market.layout,
      key: { exchange: 'nse', kind: 'ticks', timeframe: '', tradingDate: DATE, revision: 2 },
      rowsSql: `SELECT 1 AS sid, make_timestamp_ns(${open + 1n}) AS ts, 5 AS seq, 10.5 ::DOUBLE AS price, 1 AS volume, 'nan'::DOUBLE AS bid, NULL AS ask`,
      symbols: new Map([[1, 'S1']]),
      sourceFingerprint: 'by hand',
    });
    expect(built.path).toBe('market_data/nse/ticks/2026-02-02.r2.duckdb');
    expect(built.minTs).toBe(String(open + 1n));
    await market.duck.connection.run(
      `ATTACH '${market.layout.absolute(built.tempPath)}' AS looked (READ_ONLY)`,
    );
    expect(await market.rows('SELECT epoch_ns(ts) AS ts, seq, bid, ask FROM looked.ticks')).toEqual(
      [{ ts: open + 1n, seq: 5n, bid: null, ask: null }],
    );
    await market.duck.connection.run('DETACH looked');
  });

  test('symbols of any text reach the file as they are', async () => {
    await using market = await Market.open();
    const names = [
      "O'Brien",
      '../../etc',
      'NSE_EQ|INE002A01018',
      'नमस्ते',
      'semi; DROP TABLE data',
      '"quoted"',
      'back\\slash \\n \\u0041',
      '🚀 U+1F680',
    ];
    await using writer = await market.writer();
    const sids = await writer.sidsOf('nse', names, DATE);
    await market.minutes('minutes', DATE, names.length);
    const result = await market.build(DATE, {
      source: { candles: { '1d': 'SELECT * FROM minutes WHERE i = 0' } },
      symbols: new Map([...sids].map(([symbol, sid]) => [sid, symbol])),
    });
    expect(result.ok).toBe(true);
    const [only] = result.files;
    await market.duck.connection.run(
      `ATTACH '${market.layout.absolute(only?.tempPath ?? '')}' AS looked (READ_ONLY)`,
    );
    const rows = await market.rows('SELECT symbol FROM looked.candles ORDER BY symbol');
    await market.duck.connection.run('DETACH looked');
    expect(rows.map((row) => row['symbol'])).toEqual([...names].sort());
  });
});

describe('derived candles', () => {
  const calendar = calendarOf('xnas');
  const session = calendar.sessionOf('2015-12-24');
  if (!session) throw new Error('no session');
  const tick = fc.record({
    sid: fc.integer({ min: 1, max: 3 }),
    at: fc.oneof(
      fc.bigInt({ min: session.windowFrom, max: session.windowTo - 1n }),
      // Ties, which seq decides.
      fc.integer({ min: 0, max: 9 }).map((k) => session.open + BigInt(k) * 20_000_000_000n),
    ),
    price: fc.integer({ min: 1, max: 500 }).map((cents) => cents / 8),
    volume: fc.double({ min: 0, max: 100, noNaN: true }),
  });

  /** The candles as a few lines of TypeScript say them; START by the calendar. */
  function candlesOf(
    ticks: { sid: number; at: bigint; price: number; volume: number }[],
    timeframe: StoredTimeframe,
  ) {
    const sorted = ticks
      .map((one, seq) => ({ ...one, seq }))
      .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.seq - b.seq));
    const byKey = new Map<
      string,
      {
        sid: number;
        ts: bigint;
        open: number;
        high: number;
        low: number;
        close: number;
        volume: number;
      }
    >();
    for (const { sid, at, price, volume } of sorted) {
      const ts = calendar.candleStart(at, timeframe);
      const key = `${sid} ${ts}`;
      const known = byKey.get(key);
      if (!known)
        byKey.set(key, { sid, ts, open: price, high: price, low: price, close: price, volume });
      else {
        known.high = Math.max(known.high, price);
        known.low = Math.min(known.low, price);
        known.close = price;
        known.volume += volume;
      }
    }
    return [...byKey.values()].sort((a, b) => a.sid - b.sid || (a.ts < b.ts ? -1 : 1));
  }

  test.each(['1m', '5m', '15m', '1h', '1d'] as const)(
    '%s equal a plain loop over sorted ticks, by all derivations',
    async (timeframe) => {
      await using duck = await openBuildInstance({ threads: 2 });
      await fc.assert(
        fc.asyncProperty(fc.array(tick, { minLength: 1, maxLength: 60 }), async (ticks) => {
          const values = ticks.map(
            (one, seq) =>
              `(${one.sid}, make_timestamp_ns(${one.at}), ${seq}::BIGINT, '${one.price}'::DOUBLE, '${one.volume}'::DOUBLE)`,
          );
          await duck.connection.run(
            `CREATE OR REPLACE TABLE ticks AS FROM (VALUES ${values.join(', ')}) AS t (sid, ts, seq, price, volume) ORDER BY sid, ts, seq`,
          );
          const request = { from: 'ticks', kind: 'ticks', timeframe, session } as const;
          const statements = [
            deriveCandlesSql(request),
            deriveCandlesSql({ ...request, firstSeq: 0n }),
            rederiveCandlesSql(request),
          ];
          for (const sql of statements) {
            const rows = await duck.connection.runAndReadAll(
              `SELECT * REPLACE (epoch_ns(ts) AS ts) FROM (${sql}) ORDER BY sid, ts`,
            );
            expect(rows.getRowObjects()).toEqual(candlesOf(ticks, timeframe));
          }
        }),
        { numRuns: 25 },
      );
    },
  );
});
