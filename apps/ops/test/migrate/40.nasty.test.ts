import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DatabaseManager } from '@tb/manager';
import type { Layout } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import type { MigrateAnswer } from '../../src/migrate/migrate.ts';
import { CANDLES, candlesFrom, fatesOf, migrated, queryFile, TICKS, tableOf } from './legacy.ts';

const at = (time: string): string => `TIMESTAMP '2023-01-${time}'`;
const candle = (key: string, time: string, values: string): string =>
  `(${key}, ${time}, ${values})`;

/** Candles that are bad each in one way, beside good ones that tell the clock. */
const BAD_CANDLES: Readonly<Record<string, readonly string[]>> = {
  key_missing: [
    candle("''", at('02 05:00:00'), '1, 2, 1, 2, 5, false'),
    candle("'  '", at('02 05:00:00'), '1, 2, 1, 2, 5, false'),
  ],
  key_invalid: [
    candle("E'NSE_EQ|A\\tB'", at('02 05:00:00'), '1, 2, 1, 2, 5, false'),
    candle("'NSE_EQ|A '", at('02 05:01:00'), '1, 2, 1, 2, 5, false'),
  ],
  exchange_unknown: [
    "'A'",
    "'nse_eq|a'",
    "'XX_EQ|A'",
    "'12345'",
    "'../../etc/passwd'",
    "'x''; DROP TABLE candles; --'",
  ].map((key) => candle(key, at('02 05:00:00'), '1, 2, 1, 2, 5, false')),
  time_infinite: [
    candle("'NSE_EQ|A'", "TIMESTAMP 'infinity'", '1, 2, 1, 2, 5, false'),
    candle("'NSE_EQ|A'", "TIMESTAMP '-infinity'", '1, 2, 1, 2, 5, false'),
  ],
  time_out_of_range: [
    candle("'NSE_EQ|A'", "TIMESTAMP '2300-01-02 04:00:00'", '1, 2, 1, 2, 5, false'),
    candle("'NSE_EQ|A'", "TIMESTAMP '0001-01-02 04:00:00'", '1, 2, 1, 2, 5, false'),
  ],
  time_implausible: [candle("'NSE_EQ|A'", "TIMESTAMP '1970-01-01'", '1, 2, 1, 2, 5, false')],
  time_off_minute: [
    candle("'NSE_EQ|A'", at('02 05:00:30'), '1, 2, 1, 2, 5, false'),
    candle("'NSE_EQ|A'", at('02 05:00:00.000001'), '1, 2, 1, 2, 5, false'),
  ],
  price_missing: [candle("'NSE_EQ|A'", at('02 05:10:00'), '1, 2, NULL, 2, 5, false')],
  price_not_finite: [
    candle("'NSE_EQ|A'", at('02 05:11:00'), "1, 2, 1, 'nan', 5, false"),
    candle("'NSE_EQ|A'", at('02 05:12:00'), "1, 'inf', 1, 2, 5, false"),
  ],
  price_not_positive: [
    candle("'NSE_EQ|A'", at('02 05:13:00'), '0, 2, 0, 2, 5, false'),
    candle("'NSE_EQ|A'", at('02 05:14:00'), '-1, 2, -1, 2, 5, false'),
  ],
  price_inconsistent: [candle("'NSE_EQ|A'", at('02 05:15:00'), '1, 1, 2, 2, 5, false')],
  volume_missing: [candle("'NSE_EQ|A'", at('02 05:16:00'), '1, 2, 1, 2, NULL, false')],
  volume_negative: [candle("'NSE_EQ|A'", at('02 05:17:00'), '1, 2, 1, 2, -5, false')],
  volume_not_finite: [candle("'NSE_EQ|A'", at('02 05:18:00'), "1, 2, 1, 2, 'inf', false")],
  no_session: [
    candle("'NSE_EQ|A'", at('07 05:00:00'), '1, 2, 1, 2, 5, false'),
    candle("'NSE_EQ|A'", at('26 05:00:00'), '1, 2, 1, 2, 5, false'),
  ],
  timeframe_not_1m: [
    candle("'NSE_EQ|A'", at('02 18:30:00'), '1, 2, 1, 2, 5, false'),
    candle("'NSE_EQ|A'", at('04 00:00:00'), '1, 2, 1, 2, 5, false'),
  ],
};

const STATEMENTS = [
  CANDLES,
  ...[2, 3, 4, 5, 6].map((day) => candlesFrom('NSE_EQ|A', `2023-01-0${day} 03:45:00`, 75)),
  `INSERT INTO candles VALUES ${Object.values(BAD_CANDLES).flat().join(', ')}`,
  // Candles that are all alike say nothing about a copy.
  "INSERT INTO candles SELECT 'NSE_EQ|FLAT', TIMESTAMP '2023-01-05 03:45:00' + INTERVAL (i) MINUTE, 2, 3, 1, 2, 7, false FROM range(375) AS t(i)",
  // A day that was stored twice, once 5:30 late; candles of five minutes; an after-hours candle; keys that only look bad.
  candlesFrom('NSE_EQ|TWICE', '2023-01-03 03:45:00', 60, 200),
  candlesFrom('NSE_EQ|TWICE', '2023-01-03 09:15:00', 60, 200),
  "INSERT INTO candles SELECT 'NSE_EQ|FIVE', TIMESTAMP '2023-01-04 03:45:00' + INTERVAL (5 * i) MINUTE, 1, 2, 1, 2, i, false FROM range(75) AS t(i)",
  "INSERT INTO candles VALUES ('NSE_EQ|A', TIMESTAMP '2023-01-05 10:37:00', 1, 2, 1, 2, 5, false)",
  `INSERT INTO candles VALUES ('NSE_EQ|O''Reilly "x"; --', TIMESTAMP '2023-01-05 04:00:00', 1, 2, 1, 2, 0.5, false), ('NSE_EQ|ॐ', TIMESTAMP '2023-01-05 04:00:00', 1, 2, 1, 2, 1e300, false)`,
  // The real candle beats the synthetic one, wherever it stands.
  `INSERT INTO candles VALUES ('NSE_EQ|SYN', TIMESTAMP '2023-01-05 04:00:00', 9, 9, 9, 9, 0, true), ('NSE_EQ|SYN', TIMESTAMP '2023-01-05 04:00:00', 5, 5, 5, 5, 1, false), ('NSE_EQ|SYN', TIMESTAMP '2023-01-05 04:01:00', 9, 9, 9, 9, 0, true)`,
  "CREATE TABLE ohlcv_1m AS SELECT instrument_key, timestamp, open, high, low, close, volume::DECIMAL(18, 2) AS volume, 3 AS oi FROM candles WHERE instrument_key = 'NSE_EQ|A' AND timestamp BETWEEN TIMESTAMP '2023-01-06' AND TIMESTAMP '2023-01-06 04:00:00'",
  "UPDATE ohlcv_1m SET close = high WHERE timestamp = TIMESTAMP '2023-01-06 03:50:00'",
  'CREATE TABLE ohlcv_resampled (instrument_key VARCHAR, timeframe VARCHAR, "timestamp" TIMESTAMP, open FLOAT, high DECIMAL(12, 2), low HUGEINT, close INTEGER, volume UBIGINT)',
  `INSERT INTO ohlcv_resampled VALUES ('NSE_EQ|A', '15minute', TIMESTAMP '2023-01-02 03:45:00', 1.42, 2.25, 1, 2, 7), ('NSE_EQ|A', '15minute', TIMESTAMP '2023-01-02 03:50:00', 1, 2, 1, 2, 7),
     ('NSE_EQ|A', '60minute', TIMESTAMP '2023-01-02 03:30:00', 1, 2, 1, 2, 7), ('NSE_EQ|A', '1day', TIMESTAMP '2023-01-01 18:30:00', 1, 2, 1, 2, 7),
     ('NSE_EQ|A', '30minute', TIMESTAMP '2023-01-02 03:45:00', 1, 2, 1, 2, 7), ('NSE_EQ|A', NULL, TIMESTAMP '2023-01-02 03:45:00', 1, 2, 1, 2, 7),
     ('NSE_EQ|A', '5minute', TIMESTAMP '2023-01-02 03:45:00', 1, 2, NULL, 2, 7), ('NSE_EQ|A', '1day', TIMESTAMP '2023-01-02 03:45:00', 1, 2, 1, 2, 7)`,
  TICKS,
  "INSERT INTO live_ticks SELECT 'NSE_EQ|A', TIMESTAMP '2023-01-02 03:45:00', 100, 1 FROM range(3)",
  `INSERT INTO live_ticks VALUES ('NSE_EQ|A', NULL, 1, 1), ('NSE_EQ|A', TIMESTAMP '2023-01-02 03:45:00', 'nan', 1), ('NSE_EQ|A', TIMESTAMP '2023-01-02 03:45:00', 1, -1),
     ('NSE_EQ|A', TIMESTAMP '2023-01-02 03:45:00', 1, NULL), (NULL, NULL, NULL, NULL)`,
  // Shapes: another schema, odd names, a view that cannot run, an enum, every type that there is.
  'CREATE SCHEMA backup',
  'CREATE TABLE backup.candles AS SELECT * FROM candles LIMIT 3',
  `CREATE TABLE "sel;ect 'x' ""q""" ("from" INTEGER, "a b" VARCHAR)`,
  `INSERT INTO "sel;ect 'x' ""q""" VALUES (1, NULL), (1, NULL), (NULL, NULL)`,
  "CREATE TYPE mood AS ENUM ('sad', 'ok')",
  `CREATE TABLE zoo (a INTEGER[], b STRUCT(x INTEGER, y VARCHAR), c MAP(VARCHAR, INTEGER), d UNION(n INTEGER, s VARCHAR), e mood, f UUID, g BLOB, h BIT, i INTERVAL,
     j TIME, k TIMETZ, l HUGEINT, m UHUGEINT, n INTEGER[3], o TIMESTAMP_NS, p JSON, q DECIMAL(38, 10), r TIMESTAMPTZ, s TIMESTAMP_S, t DOUBLE)`,
  `INSERT INTO zoo VALUES ([1, NULL], {x: 1, y: 'a'}, MAP {'k': 1}, 5, 'ok', '00000000-0000-0000-0000-000000000001', '\\xAA\\x00'::BLOB, '101', INTERVAL 3 MONTH, '01:02:03', '01:02:03+05:30',
     170141183460469231731687303715884105727, 340282366920938463463374607431768211455, [1, 2, 3], '2023-01-01 00:00:00.123456789', '{"a": 1}', 1.0000000001, '2023-01-01 00:00:00+05:30', '2023-01-01', 'nan')`,
  'INSERT INTO zoo (a) VALUES (NULL)',
  'CREATE VIEW newest AS SELECT * FROM candles ORDER BY timestamp DESC',
  'CREATE VIEW broken AS SELECT * FROM my_old_table_that_is_gone_now',
  'CREATE TABLE users (user_id INTEGER, mail VARCHAR)',
  "INSERT INTO users VALUES (1, 'a@x')",
  'CREATE SEQUENCE ids START 7',
].filter((statement) => !statement.startsWith('CREATE VIEW broken'));

const root = tempRoot('nasty');
let layout: Layout;
let answer: MigrateAnswer;

beforeAll(async () => {
  ({ layout, answer } = await migrated((name) => root.at(name), STATEMENTS));
}, 120_000);
afterAll(() => root[Symbol.dispose]());

async function sql(text: string): Promise<unknown[][]> {
  await using manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
  await using session = await manager.openSql();
  const rows: unknown[][] = [];
  for await (const chunk of (await session.query(text)).chunks)
    for (let row = 0; row < chunk.rows; row += 1)
      rows.push(chunk.columns.map((column) => column[row]));
  return rows;
}

describe('nasty rows', () => {
  test('each goes to quarantine for its own reason, and stops no good one', () => {
    const { reasons } = tableOf(answer, 'candles');
    const expected = Object.fromEntries(
      Object.entries(BAD_CANDLES).map(([reason, rows]) => [reason, rows.length]),
    );
    expect(reasons).toEqual({ ...expected, timeframe_not_1m: 2 + 75, key_conflict: 1 });
  });

  test('a day that was stored twice, once under another clock, is one day', async () => {
    expect(tableOf(answer, 'candles').duplicates).toBe(60);
    expect(
      await sql("SELECT count(*)::BIGINT, min(ts) FROM candles_1m WHERE symbol = 'NSE_EQ|TWICE'"),
    ).toEqual([[60n, BigInt(Date.parse('2023-01-03T03:45:00Z')) * 1_000_000n]]);
  });

  test('a day of candles that are all alike keeps every one of them', async () => {
    expect(
      await sql("SELECT count(*)::BIGINT FROM candles_1m WHERE symbol = 'NSE_EQ|FLAT'"),
    ).toEqual([[375n]]);
  });

  test('an after-hours candle belongs to its date, and odd but legal keys and volumes pass', async () => {
    expect(
      await sql("SELECT volume FROM candles_1m WHERE ts = TIMESTAMP '2023-01-05 10:37:00'"),
    ).toEqual([[5]]);
    expect(
      await sql(
        "SELECT symbol, volume FROM candles_1m WHERE symbol IN ('NSE_EQ|O''Reilly \"x\"; --', 'NSE_EQ|ॐ') ORDER BY volume",
      ),
    ).toEqual([
      ['NSE_EQ|O\'Reilly "x"; --', 0.5],
      ['NSE_EQ|ॐ', 1e300],
    ]);
  });

  test('a real candle beats a synthetic one, and generation 2 beats generation 1; equal ones are one', async () => {
    expect(
      await sql("SELECT close FROM candles_1m WHERE symbol = 'NSE_EQ|SYN' ORDER BY ts"),
    ).toEqual([[5], [9]]);
    expect(fatesOf(answer, 'ohlcv_1m')).toEqual([0, 15, 1, 0]);
    expect(tableOf(answer, 'ohlcv_1m').reasons).toEqual({ key_conflict: 1 });
  });

  test('wider candles move where they lie on the grid of the session, else they are archived and made anew', async () => {
    expect(fatesOf(answer, 'ohlcv_resampled')).toEqual([2, 0, 2, 4]);
    expect(tableOf(answer, 'ohlcv_resampled').reasons).toEqual({
      timeframe_unknown: 1,
      price_missing: 1,
    });
    const day = "symbol = 'NSE_EQ|A' AND ts < TIMESTAMP '2023-01-03'";
    expect(
      await sql(`SELECT open, high, volume FROM candles_15m WHERE ${day} ORDER BY ts LIMIT 1`),
    ).toEqual([[1.42, 2.25, 7]]);
    expect(await sql(`SELECT count(*)::BIGINT FROM candles_15m WHERE ${day}`)).toEqual([[5n]]);
    expect(await sql(`SELECT count(*)::BIGINT FROM candles_1h WHERE ${day}`)).toEqual([[2n]]);
    expect(await sql(`SELECT volume FROM candles_1d WHERE ${day}`)).toEqual([[7]]);
  });

  test('equal ticks are all kept', () => {
    expect(fatesOf(answer, 'live_ticks')).toEqual([3, 0, 5, 0]);
    expect(tableOf(answer, 'live_ticks').reasons).toEqual({
      time_missing: 1,
      price_not_finite: 1,
      volume_negative: 1,
      volume_missing: 1,
      key_missing: 1,
    });
  });
});

describe('nasty shapes', () => {
  test('other schemas, unknown tables and odd names go to the archive as they are', async () => {
    expect(fatesOf(answer, 'backup.candles')).toEqual([0, 0, 0, 3]);
    expect(fatesOf(answer, `sel;ect 'x' "q"`)).toEqual([0, 0, 0, 3]);
    expect(
      await queryFile(answer.archive.path, `SELECT count(*) AS n FROM "sel;ect 'x' ""q"""`),
    ).toEqual([{ n: 3n }]);
    expect(
      await queryFile(answer.archive.path, 'SELECT count(*) AS n FROM backup.candles'),
    ).toEqual([{ n: 3n }]);
  });

  test('every type keeps its type and its value', async () => {
    const types = (path: string) =>
      queryFile(path, 'SELECT column_name, column_type FROM (DESCRIBE zoo)');
    expect(await types(answer.archive.path)).toEqual(
      (await types(root.at('old.duckdb'))).map((row) =>
        row['column_name'] === 'e' ? { column_name: 'e', column_type: "ENUM('sad', 'ok')" } : row,
      ),
    );
    const values = (path: string) => queryFile(path, 'SELECT * REPLACE (e::VARCHAR AS e) FROM zoo');
    expect(await values(answer.archive.path)).toEqual(await values(root.at('old.duckdb')));
  });

  test('the text of a view is archived, and sequences and types with it', async () => {
    expect(tableOf(answer, 'newest')).toMatchObject({ kind: 'view', rowsIn: 0, archived: 0 });
    const objects = await queryFile(
      answer.archive.path,
      "SELECT kind, name, sql FROM tb_archive.objects WHERE kind <> 'table' ORDER BY kind, name",
    );
    expect(objects.map((row) => [row['kind'], row['name']])).toEqual([
      ['sequence', 'ids'],
      ['type', 'mood'],
      ['view', 'newest'],
    ]);
    expect(String(objects[2]?.['sql'])).toContain('ORDER BY');
  });

  test('a known table without the columns that it needs is archived, and says so', () => {
    expect(tableOf(answer, 'users')).toMatchObject({
      target: 'archive',
      archived: 1,
      note: 'no column for username',
    });
  });
});
