import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { checkManifest, Manifest } from '@tb/history';
import { DatabaseManager } from '@tb/manager';
import type { Layout } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { type MigrateAnswer, migrate } from '../../src/migrate/migrate.ts';
import {
  CANDLES,
  candlesFrom,
  FILLS,
  fatesOf,
  freshRoot,
  queryFile,
  tableOf,
  writeLegacy,
} from './legacy.ts';

/**
 * The faults of the original migration, one test each. All look at one migration of one file that has them all.
 * 2023-01-02 to 06 are five sessions of NSE, BSE and MCX; the clock of the file is UTC.
 */
const STATEMENTS = [
  CANDLES,
  candlesFrom('NSE_EQ|A', '2023-01-02 03:45:00', 60),
  candlesFrom('NSE_EQ|A', '2023-01-03 03:45:00', 60),
  candlesFrom('BSE_EQ|A', '2023-01-02 03:45:00', 30),
  candlesFrom('MCX_FO|1', '2023-01-02 03:30:00', 30),
  candlesFrom('MCX_FO|1', '2023-01-02 17:30:00', 25),
  // One block in India's clock among blocks in UTC.
  candlesFrom('NSE_EQ|LATE', '2023-01-03 09:15:00', 120),
  "INSERT INTO candles VALUES ('NSE_EQ|A', TIMESTAMP '2023-01-02 05:00:00', NULL, 2, 1, 1, 1, false)",
  "INSERT INTO candles VALUES ('NSE_EQ|A', NULL, 1, 2, 1, 1, 1, false), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
  // An exact duplicate of the first minute, and the same minute with another close.
  "INSERT INTO candles SELECT * FROM candles WHERE instrument_key = 'NSE_EQ|A' AND timestamp = TIMESTAMP '2023-01-02 03:45:00'",
  "INSERT INTO candles VALUES ('NSE_EQ|A', TIMESTAMP '2023-01-02 03:45:00', 100, 109, 99, 101, 10, false)",
  'CREATE TABLE ohlcv_1m (instrument_key VARCHAR, "timestamp" VARCHAR, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume BIGINT, oi BIGINT)',
  `INSERT INTO ohlcv_1m VALUES
     ('NSE_EQ|TEXT', '2023-01-04 03:45:00', 1, 2, 1, 2, 5, 7),
     ('NSE_EQ|TEXT', '2023-01-04T09:16:00+05:30', 1, 2, 1, 2, 5, NULL),
     ('NSE_EQ|TEXT', '04-01-2023 03:47:00', 1, 2, 1, 2, 5, NULL),
     ('NSE_EQ|TEXT', '1672804080', 1, 2, 1, 2, 5, NULL),
     ('NSE_EQ|TEXT', 'soon', 1, 2, 1, 2, 5, NULL),
     ('NSE_EQ|TEXT', '2023-01-04 03:50:00', 1, 2, 1, 2, 9007199254740993, NULL)`,
  'CREATE TABLE live_ticks (Symbol VARCHAR, exchange_ts TIMESTAMP, received_at TIMESTAMP, price DOUBLE, volume DOUBLE, bid DOUBLE, ask DOUBLE)',
  "INSERT INTO live_ticks SELECT 'NSE_EQ|A', TIMESTAMP '2023-01-05 03:45:00', TIMESTAMP '2023-01-05 03:45:01', 100, 0.4, 99.5, NULL FROM range(5)",
  "INSERT INTO live_ticks VALUES ('NSE_EQ|A', TIMESTAMP '2023-01-05 04:00:00.000123', NULL, 101, 1e300, NULL, 101.5)",
  'CREATE TABLE users (USERNAME VARCHAR, email VARCHAR, password_hash VARCHAR, roles VARCHAR, created_at TIMESTAMP, is_admin BOOLEAN)',
  `INSERT INTO users VALUES ('ann', 'a@x', 'h1', 'admin, viewer', TIMESTAMP '2023-01-01', true), ('bob', NULL, 'h2', '', NULL, false),
     ('ann', 'a@x', 'h1', 'admin, viewer', TIMESTAMP '2023-01-01', true), ('ann', 'b@x', 'h1', 'admin', TIMESTAMP '2023-01-01', true), (NULL, 'c@x', NULL, NULL, NULL, NULL)`,
  'CREATE TABLE confluence_insights ("timestamp" TIMESTAMP, symbol VARCHAR, bias VARCHAR, confidence DOUBLE, agreement_level DOUBLE, indicator_states VARCHAR, insight_signal VARCHAR)',
  `INSERT INTO confluence_insights VALUES (TIMESTAMP '2023-01-02 04:00:00', 'NSE_EQ|A', 'BULLISH', 'nan', 0.5, '{''a'': None}', 'BUY')`,
  FILLS,
  `INSERT INTO trades VALUES ('t1', 's1', TIMESTAMP '2023-01-02 04:00:00', 'NSE_EQ|A', 'BUY', 10, 100.1, 'FILLED', 0.1, '{}'),
     ('t2', 's1', TIMESTAMP '2023-01-02 04:30:00', 'NSE_EQ|A', 'sell', 10, 100.3, 'filled', NULL, NULL)`,
  'CREATE TABLE regime_insights (insight_id UUID, symbol VARCHAR, "timestamp" TIMESTAMP, regime VARCHAR)',
  'CREATE TABLE my_notes (id INTEGER, note VARCHAR)',
  "INSERT INTO my_notes VALUES (1, 'keep me')",
];

const root = tempRoot('faults');
const from = root.at('old.duckdb');
let layout: Layout;
let planned: MigrateAnswer;
let answer: MigrateAnswer;

beforeAll(async () => {
  await writeLegacy(from, STATEMENTS);
  layout = await freshRoot(root.at('data'));
  planned = await migrate({ from, dryRun: true }, { layout });
  answer = await migrate({ from }, { layout });
}, 120_000);
afterAll(() => root[Symbol.dispose]());

async function candlesOf(exchange: string, symbol: string): Promise<Record<string, unknown>[]> {
  using manifest = Manifest.openReader(layout);
  const rows: Record<string, unknown>[] = [];
  for (const file of manifest.snapshot().find({ exchange, kind: 'candles', timeframe: '1m' }))
    rows.push(
      ...(await queryFile(
        layout.absolute(file.path),
        `SELECT ts::VARCHAR AS ts, open, high, low, close, volume FROM candles WHERE symbol = '${symbol}' ORDER BY ts`,
      )),
    );
  return rows;
}

async function inStore<T>(body: (manager: DatabaseManager<'reader'>) => Promise<T>): Promise<T> {
  await using manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
  return await body(manager);
}

describe('a fault of the original migration is not repeated', () => {
  test('1: every table is in the answer, the unknown and the empty too, and its rows add up', () => {
    expect(answer.tables.map((one) => one.table)).toEqual(
      [
        'candles',
        'confluence_insights',
        'live_ticks',
        'my_notes',
        'ohlcv_1m',
        'regime_insights',
        'trades',
        'users',
      ].sort(),
    );
    for (const one of answer.tables)
      expect(one.moved + one.duplicates + one.quarantined + one.archived).toBe(one.rowsIn);
  });

  test('2: a bad row takes no later day with it', async () => {
    expect(await candlesOf('nse', 'NSE_EQ|A')).toHaveLength(120);
  });

  test('3: the exchange comes from the key', async () => {
    expect(await candlesOf('bse', 'BSE_EQ|A')).toHaveLength(30);
    expect(await candlesOf('mcx', 'MCX_FO|1')).toHaveLength(55);
    expect(await candlesOf('nse', 'BSE_EQ|A')).toHaveLength(0);
  });

  test('4: of conflicting candles the first stays and the other is told; equal ticks all stay', async () => {
    expect(tableOf(answer, 'candles')).toMatchObject({
      duplicates: 1,
      reasons: { key_conflict: 1 },
    });
    expect((await candlesOf('nse', 'NSE_EQ|A'))[0]).toMatchObject({ open: 100, close: 100 });
    expect(fatesOf(answer, 'live_ticks')).toEqual([6, 0, 0, 0]);
  });

  test('5: rows without a time are counted, and kept in quarantine with their reason', () => {
    expect(tableOf(answer, 'candles').reasons).toMatchObject({
      time_missing: 1,
      key_missing: 1,
      price_missing: 1,
    });
    const lines = readFileSync(answer.quarantineFile as string, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(answer.tables.reduce((sum, one) => sum + one.quarantined, 0));
    expect(lines).toContainEqual(
      expect.objectContaining({
        table: 'candles',
        reason: 'time_missing',
        values: expect.objectContaining({ instrument_key: 'NSE_EQ|A', open: '1.0' }),
      }),
    );
  });

  test('6: the clock is read from the values, block by block; the MCX evening stays', async () => {
    const late = await candlesOf('nse', 'NSE_EQ|LATE');
    expect(late).toHaveLength(120);
    expect(late[0]?.['ts']).toBe('2023-01-03 03:45:00');
    expect((await candlesOf('mcx', 'MCX_FO|1')).at(-1)?.['ts']).toBe('2023-01-02 17:54:00');
    expect(answer.clocks).toContainEqual(
      expect.objectContaining({ table: 'candles', clock: 'mixed', unclearRows: 0 }),
    );
  });

  test('7: fractions and large volumes are exact, and what would change goes to quarantine', async () => {
    using manifest = Manifest.openReader(layout);
    const [file] = manifest.snapshot().find({ exchange: 'nse', kind: 'ticks' });
    const rows = await queryFile(
      layout.absolute(file?.path as string),
      'SELECT volume FROM ticks ORDER BY ts, seq',
    );
    expect(rows.map((row) => row['volume'])).toEqual([0.4, 0.4, 0.4, 0.4, 0.4, 1e300]);
    expect(tableOf(answer, 'ohlcv_1m').reasons).toMatchObject({ volume_not_exact: 1 });
  });

  test('8: bid and ask come along, and the received time is in the archive', async () => {
    using manifest = Manifest.openReader(layout);
    const [file] = manifest.snapshot().find({ exchange: 'nse', kind: 'ticks' });
    const rows = await queryFile(
      layout.absolute(file?.path as string),
      'SELECT bid, ask FROM ticks ORDER BY ts, seq',
    );
    expect(rows[0]).toEqual({ bid: 99.5, ask: null });
    expect(rows[5]).toEqual({ bid: null, ask: 101.5 });
    const kept = await queryFile(
      answer.archive.path,
      'SELECT count(received_at) AS n FROM tb_archive."columns of live_ticks"',
    );
    expect(kept).toEqual([{ n: 5n }]);
  });

  test('9: a duplicate key loses one row and no table; times keep their zone, NaN is not NULL, booleans are booleans', async () => {
    expect(fatesOf(answer, 'users')).toEqual([2, 1, 2, 0]);
    const users = await inStore((manager) =>
      manager.read('config', (db) =>
        db.selectFrom('users').selectAll().orderBy('username').execute(),
      ),
    );
    expect(users.map((user) => user.username)).toEqual(['ann', 'bob']);
    expect(users[0]?.created_at).toBe(1_672_531_200_000_000_000n);
    expect(JSON.parse(users[0]?.attributes as string)).toEqual({ email: 'a@x', is_admin: true });
    const [insight] = await inStore((manager) =>
      manager.read('signals', (db) => db.selectFrom('confluence_insights').selectAll().execute()),
    );
    expect(insight?.confidence).toBeNull();
    expect(JSON.parse(insight?.attributes as string)).toEqual({
      confidence: 'nan',
      indicator_states: "{'a': None}",
    });
  });

  test('10: columns of another name find their place', async () => {
    const [insight] = await inStore((manager) =>
      manager.read('signals', (db) => db.selectFrom('confluence_insights').selectAll().execute()),
    );
    expect(insight?.signal).toBe('BUY');
    const fills = await inStore((manager) =>
      manager.read('trading', (db) =>
        db.selectFrom('trades').select(['trade_id', 'side', 'price']).orderBy('ts').execute(),
      ),
    );
    expect(fills).toEqual([
      { trade_id: 't1', side: 'buy', price: '100.1' },
      { trade_id: 't2', side: 'sell', price: '100.3' },
    ]);
  });

  test('11: an empty table is an empty table', () => {
    expect(tableOf(answer, 'regime_insights')).toMatchObject({
      rowsIn: 0,
      moved: 0,
      target: 'signals.regime_insights',
    });
  });

  test('12: a dry run counts the same and writes nothing; a second run has nothing to do', async () => {
    expect(planned).toMatchObject({
      status: 'planned',
      tables: answer.tables,
      quarantineFile: null,
      archive: { sha256: null },
    });
    expect(await migrate({ from }, { layout })).toEqual({ ...answer, status: 'already_migrated' });
  });

  test('13: entry and exit share a signal', async () => {
    const fills = await inStore((manager) =>
      manager.read('trading', (db) => db.selectFrom('trades').select('signal_id').execute()),
    );
    expect(fills).toEqual([{ signal_id: 's1' }, { signal_id: 's1' }]);
  });

  test('14: times kept as text of several forms become one type', async () => {
    const rows = await candlesOf('nse', 'NSE_EQ|TEXT');
    expect(rows.map((row) => row['ts'])).toEqual([
      '2023-01-04 03:45:00',
      '2023-01-04 03:46:00',
      '2023-01-04 03:47:00',
      '2023-01-04 03:48:00',
    ]);
    expect(tableOf(answer, 'ohlcv_1m').reasons).toMatchObject({ time_invalid: 1 });
  });

  test('15: the check of the result reads contents, and finds one changed byte', async () => {
    using manifest = Manifest.openReader(layout);
    const check = () => checkManifest(layout, manifest.snapshot(), { full: true });
    expect(await check()).toEqual([]);
    const [file] = manifest.snapshot().find({ exchange: 'bse', kind: 'candles', timeframe: '1m' });
    const path = layout.absolute(file?.path as string);
    const bytes = readFileSync(path);
    const broken = Buffer.from(bytes);
    broken[bytes.length - 100] = (broken[bytes.length - 100] as number) ^ 1;
    chmodSync(path, 0o644);
    writeFileSync(path, broken);
    expect(await check()).toEqual([
      expect.objectContaining({ code: 'DAY_FILE_CORRUPT', path: file?.path }),
    ]);
    writeFileSync(path, bytes);
    chmodSync(path, 0o444);
  });

  test('16: columns are read, not guessed: any order, any case, unknown ones kept', async () => {
    const notes = await queryFile(answer.archive.path, 'SELECT * FROM my_notes');
    expect(notes).toEqual([{ id: 1, note: 'keep me' }]);
    const interest = await queryFile(
      answer.archive.path,
      'SELECT instrument_key, oi FROM tb_archive."columns of ohlcv_1m"',
    );
    expect(interest).toEqual([{ instrument_key: 'NSE_EQ|TEXT', oi: 7n }]);
    const objects = await queryFile(
      answer.archive.path,
      "SELECT name FROM tb_archive.objects WHERE sql LIKE 'CREATE TABLE%' ORDER BY name",
    );
    expect(objects).toHaveLength(answer.tables.length);
  });
});
