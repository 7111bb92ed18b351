import { describe, expect, test } from '@jest/globals';
import { Manifest } from '@tb/history';
import { DatabaseManager } from '@tb/manager';
import type { Layout } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { migrate } from '../../src/migrate/migrate.ts';
import {
  CANDLES,
  candlesFrom,
  FILLS,
  fatesOf,
  migrated,
  TICKS,
  tableOf,
  USERS,
  writeLegacy,
} from './legacy.ts';

function tickRows(layout: Layout, exchange: string): number {
  using manifest = Manifest.openReader(layout);
  return manifest
    .snapshot()
    .find({ exchange, kind: 'ticks' })
    .reduce((sum, file) => sum + file.rows, 0);
}

describe('what the values leave open', () => {
  test('is not guessed, is named, and is moved by the next run once it is stated', async () => {
    using root = tempRoot('clock');
    const statements = [
      CANDLES,
      candlesFrom('NSE_EQ|A', '2023-01-02 03:45:00', 100),
      // Twenty minutes that are open in either clock: 09:20 in India, or 14:50.
      candlesFrom('NSE_EQ|B', '2023-01-03 09:20:00', 20),
    ];
    const { answer, layout, from } = await migrated((name) => root.at(name), statements);
    expect(fatesOf(answer, 'candles')).toEqual([100, 0, 20, 0]);
    expect(tableOf(answer, 'candles').reasons).toEqual({ clock_unclear: 20 });
    expect(answer.clocks).toEqual([
      {
        table: 'candles',
        column: 'timestamp',
        clock: 'utc',
        basis: 'values',
        unclearRows: 20,
        hint: 'run again with --clock candles=utc or --clock candles=Asia/Kolkata',
      },
    ]);
    const stated = await migrate({ from, clocks: new Map([['candles', 'ist']]) }, { layout });
    expect(fatesOf(stated, 'candles')).toEqual([120, 0, 0, 0]);
    expect(stated).toMatchObject({
      status: 'migrated',
      quarantineFile: null,
      marketData: { alreadyThere: 1 },
    });
    using manifest = Manifest.openReader(layout);
    const [, file] = manifest
      .snapshot()
      .find({ exchange: 'nse', kind: 'candles', timeframe: '1m' });
    expect(file?.minTs).toBe(BigInt(Date.parse('2023-01-03T03:50:00Z')) * 1_000_000n);
    // What was stated once holds; the contrary is refused.
    expect((await migrate({ from }, { layout })).status).toBe('already_migrated');
    await expect(
      migrate({ from, clocks: new Map([['candles', 'utc']]) }, { layout }),
    ).rejects.toMatchObject({ code: 'MIGRATION_OPTIONS' });
  });

  test('regress-6-open-session: rows of a session that is not over wait, and are moved by a run after its close', async () => {
    using root = tempRoot('open');
    const statements = [
      CANDLES,
      candlesFrom('NSE_EQ|A', '2023-01-02 03:45:00', 375),
      candlesFrom('NSE_EQ|A', '2023-01-03 03:45:00', 100),
      TICKS,
      "INSERT INTO live_ticks SELECT 'NSE_EQ|A', TIMESTAMP '2023-01-02 03:45:00' + INTERVAL (i) SECOND, 100, 1 FROM range(10) AS t(i)",
      "INSERT INTO live_ticks SELECT 'NSE_EQ|A', TIMESTAMP '2023-01-03 03:45:00' + INTERVAL (i) SECOND, 100, 1 FROM range(10) AS t(i)",
      // Nobody traded this yet.
      "INSERT INTO live_ticks VALUES ('NSE_EQ|A', TIMESTAMP '2093-01-02 05:00:00', 100, 1)",
    ];
    const clock = { clocks: new Map([['live_ticks', 'utc' as const]]) };
    const at = (time: string) => ({ now: () => new Date(time) });
    const noon = await migrated(
      (name) => root.at(name),
      statements,
      clock,
      at('2023-01-03T06:00:00Z'),
    );
    const { layout, from } = noon;
    expect(fatesOf(noon.answer, 'candles')).toEqual([375, 0, 100, 0]);
    expect(tableOf(noon.answer, 'candles').reasons).toEqual({ session_open: 100 });
    expect(tableOf(noon.answer, 'live_ticks').reasons).toEqual({ session_open: 11 });
    const dates = (): string[] => {
      using manifest = Manifest.openReader(layout);
      const files = manifest.snapshot().find({ exchange: 'nse', kind: 'ticks' });
      return files.map((file) => file.tradingDate);
    };
    expect(dates()).toEqual(['2023-01-02']);
    const tools = { layout, ...at('2023-01-03T10:00:00Z') };
    const evening = await migrate({ from, ...clock }, tools);
    expect(evening.status).toBe('migrated');
    expect(fatesOf(evening, 'candles')).toEqual([475, 0, 0, 0]);
    expect(tableOf(evening, 'live_ticks').reasons).toEqual({ session_open: 1 });
    expect(dates()).toEqual(['2023-01-02', '2023-01-03']);
    // One row waits for ever: the run says so each time, and changes nothing.
    const again = await migrate({ from, ...clock }, tools);
    expect(again).toMatchObject({ status: 'migrated', marketData: { alreadyThere: 2, files: 0 } });
  });

  test('of keys without a known segment is the exchange, which may be stated', async () => {
    using root = tempRoot('exchange');
    const statements = [
      TICKS,
      "INSERT INTO live_ticks SELECT 'BTCUSDT', epoch_ms(1672632000000 + i), 1, 1 FROM range(10) AS t(i)",
      "INSERT INTO live_ticks VALUES ('XX_EQ|1', TIMESTAMP '2023-01-02 04:00:00', 1, 1)",
    ];
    const { answer, layout, from } = await migrated((name) => root.at(name), statements);
    expect(tableOf(answer, 'live_ticks').reasons).toEqual({ exchange_unknown: 11 });
    const stated = await migrate(
      { from, exchanges: new Map([['*', 'binance']]), clocks: new Map([['live_ticks', 'utc']]) },
      { layout },
    );
    expect(fatesOf(stated, 'live_ticks')).toEqual([10, 0, 1, 0]);
    expect(tickRows(layout, 'binance')).toBe(10);
  });
});

describe('a later copy of the same file', () => {
  test('adds what is new, finds again what is there, and never doubles a tick', async () => {
    using root = tempRoot('later');
    const january = [
      CANDLES,
      candlesFrom('NSE_EQ|A', '2023-01-02 03:45:00', 60),
      TICKS,
      "INSERT INTO live_ticks SELECT 'NSE_EQ|A', TIMESTAMP '2023-01-02 03:45:00' + INTERVAL (i // 2) SECOND, 100, 1 FROM range(40) AS t(i)",
      USERS,
      "INSERT INTO users VALUES ('ann', 'h', 'admin', TIMESTAMP '2023-01-01')",
      FILLS,
      "INSERT INTO trades VALUES ('t1', 's', TIMESTAMP '2023-01-02 03:50:00', 'NSE_EQ|A', 'BUY', 3, 10, 'FILLED', 0, NULL), ('t0', 's', TIMESTAMP '2023-01-02 03:46:00', 'NSE_EQ|A', 'BUY', 1, 10, 'FILLED', 0, NULL)",
    ];
    const february = [
      ...january,
      candlesFrom('NSE_EQ|A', '2023-01-02 04:45:00', 30),
      candlesFrom('NSE_EQ|B', '2023-01-02 03:45:00', 60),
      candlesFrom('NSE_EQ|A', '2023-01-03 03:45:00', 60),
      "INSERT INTO live_ticks SELECT 'NSE_EQ|B', TIMESTAMP '2023-01-02 03:45:00' + INTERVAL (i) SECOND, 100, 1 FROM range(7) AS t(i)",
      "UPDATE users SET password_hash = 'new'",
      "INSERT INTO users VALUES ('bob', 'h', NULL, TIMESTAMP '2023-01-01')",
      "INSERT INTO trades VALUES ('t2', 's', TIMESTAMP '2023-01-02 05:00:00', 'NSE_EQ|A', 'SELL', 4, 11, 'FILLED', 0, NULL)",
    ];
    const { layout } = await migrated((name) => root.at(name), january);
    await writeLegacy(root.at('february.duckdb'), february);
    const planned = await migrate({ from: root.at('february.duckdb'), dryRun: true }, { layout });
    const answer = await migrate({ from: root.at('february.duckdb') }, { layout });
    expect(answer.tables).toEqual(planned.tables);
    expect(fatesOf(answer, 'candles')).toEqual([210, 0, 0, 0]);
    expect(fatesOf(answer, 'live_ticks')).toEqual([47, 0, 0, 0]);
    expect(tickRows(layout, 'nse')).toBe(47);
    // The data root says otherwise about ann: what it says holds.
    expect(tableOf(answer, 'users')).toMatchObject({
      moved: 1,
      quarantined: 1,
      reasons: { target_conflict: 1 },
    });
    expect(fatesOf(answer, 'trades')).toEqual([3, 0, 0, 0]);

    using manifest = Manifest.openReader(layout);
    const snapshot = manifest.snapshot();
    const minutes = snapshot.find({ exchange: 'nse', kind: 'candles', timeframe: '1m' });
    expect(minutes.map((file) => [file.tradingDate, file.revision, file.rows])).toEqual([
      ['2023-01-02', 2, 150],
      ['2023-01-03', 1, 60],
    ]);
    const [day] = snapshot.find({ exchange: 'nse', kind: 'candles', timeframe: '15m' });
    expect(day).toMatchObject({ revision: 2, rows: 6 + 4 });
    expect(snapshot.corrections).toMatchObject([
      { who: 'tb migrate', exchange: 'nse', tradingDate: '2023-01-02' },
    ]);
    await using manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
    const [position] = await manager.read('trading', (db) =>
      db.selectFrom('positions').selectAll().execute(),
    );
    expect(position).toMatchObject({
      quantity: '0',
      cost: '0',
      realised_pnl: '4',
      last_trade_id: 't2',
    });
  });
});

test('roles of users and user_roles are one set; a pair of nobody goes to quarantine', async () => {
  using root = tempRoot('roles');
  const { answer, layout } = await migrated(
    (name) => root.at(name),
    [
      USERS,
      "INSERT INTO users VALUES ('ann', 'h', 'admin,viewer', NULL)",
      'CREATE TABLE roles (name VARCHAR, permissions VARCHAR)',
      "INSERT INTO roles VALUES ('admin', 'read,write')",
      'CREATE TABLE user_roles (username VARCHAR, role_name VARCHAR)',
      "INSERT INTO user_roles VALUES ('ann', 'admin'), ('ann', 'auditor'), ('ann', 'admin'), ('nobody', 'admin')",
    ],
  );
  expect(tableOf(answer, 'user_roles')).toMatchObject({
    moved: 2,
    duplicates: 1,
    quarantined: 1,
    reasons: { user_unknown: 1 },
  });
  await using manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
  const read = await manager.read('config', async (db) => ({
    pairs: await db.selectFrom('user_roles').select('role_name').orderBy('role_name').execute(),
    roles: await db.selectFrom('roles').selectAll().orderBy('role_name').execute(),
  }));
  expect(read.pairs.map((pair) => pair.role_name)).toEqual(['admin', 'auditor', 'viewer']);
  expect(read.roles).toEqual([
    { role_name: 'admin', permissions: '["read","write"]' },
    { role_name: 'auditor', permissions: null },
    { role_name: 'viewer', permissions: null },
  ]);
});

describe('positions', () => {
  test('that the fills explain are there; others are told, and never put beside fills that say otherwise', async () => {
    using root = tempRoot('positions');
    const { answer, layout } = await migrated(
      (name) => root.at(name),
      [
        FILLS,
        "INSERT INTO trades SELECT 't' || i, 's', TIMESTAMP '2023-01-02 03:50:00' + INTERVAL (i) MINUTE, 'NSE_EQ|' || chr(65 + (i % 2)::INTEGER), 'BUY', 3, 10.25, 'FILLED', 0, NULL FROM range(2) AS t(i)",
        'CREATE TABLE live_positions (instrument_key VARCHAR, side VARCHAR, quantity INTEGER, entry_price DECIMAL(12, 2))',
        "INSERT INTO live_positions VALUES ('NSE_EQ|A', 'BUY', 3, 10.25), ('NSE_EQ|B', 'BUY', 5, 10.25), ('NSE_FO|C', 'SELL', 2, 55.50)",
      ],
    );
    expect(tableOf(answer, 'live_positions')).toMatchObject({
      moved: 2,
      quarantined: 1,
      reasons: { position_not_explained: 1 },
    });
    expect(answer.findings.filter(({ kind }) => kind === 'position')).toHaveLength(2);
    await using manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
    const positions = await manager.read('trading', (db) =>
      db.selectFrom('positions').select(['symbol', 'quantity', 'cost']).orderBy('symbol').execute(),
    );
    expect(positions).toEqual([
      { symbol: 'NSE_EQ|A', quantity: '3', cost: '30.75' },
      { symbol: 'NSE_EQ|B', quantity: '3', cost: '30.75' },
      { symbol: 'NSE_FO|C', quantity: '-2', cost: '-111' },
    ]);
  });

  test('money of a real round trip is exact, and becomes two fills', async () => {
    using root = tempRoot('round-trips');
    const { answer, layout } = await migrated(
      (name) => root.at(name),
      [
        'CREATE TABLE trades (trade_id VARCHAR, instrument_key VARCHAR, trade_type VARCHAR, direction VARCHAR, entry_time TIMESTAMP, entry_price DECIMAL(12, 2), exit_time TIMESTAMP, exit_price DECIMAL(12, 2), quantity INTEGER, pnl DECIMAL(12, 2), run_id VARCHAR)',
        `INSERT INTO trades VALUES ('a', 'NSE_EQ|A', 'LIVE', 'LONG', TIMESTAMP '2023-01-02 04:00:00', 100.10, TIMESTAMP '2023-01-02 05:00:00', 100.30, 3, 0.60, NULL),
         ('b', 'NSE_EQ|A', 'LIVE', 'SHORT', TIMESTAMP '2023-01-02 04:00:00', 100.10, NULL, NULL, 1, NULL, NULL), ('c', 'NSE_EQ|A', 'PAPER', 'LONG', TIMESTAMP '2023-01-02 04:00:00', 1, NULL, NULL, 1, NULL, NULL),
         ('d', 'NSE_EQ|A', 'BACKTEST', 'LONG', TIMESTAMP '2023-01-02 04:00:00', 1, TIMESTAMP '2023-01-02 05:00:00', 2, 1, 1, 'gone'), ('e', 'NSE_EQ|A', 'BACKTEST', 'LONG', TIMESTAMP '2023-01-02 04:00:00', 1, NULL, NULL, 1, NULL, 'gone'),
         ('f', 'NSE_EQ|A', 'LIVE', 'UP', TIMESTAMP '2023-01-02 04:00:00', 1, NULL, NULL, 1, NULL, NULL)`,
      ],
    );
    expect(tableOf(answer, 'trades')).toMatchObject({
      moved: 3,
      quarantined: 2,
      archived: 1,
      reasons: { trade_open: 1, side_unknown: 1 },
    });
    expect(answer).toMatchObject({ runs: 1, findings: [{ kind: 'run', subject: 'gone' }] });
    await using manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
    const fills = await manager.read('trading', (db) =>
      db
        .selectFrom('trades')
        .select(['trade_id', 'side', 'quantity', 'price'])
        .orderBy('trade_id')
        .execute(),
    );
    expect(fills).toEqual([
      { trade_id: 'a:entry', side: 'buy', quantity: '3', price: '100.1' },
      { trade_id: 'a:exit', side: 'sell', quantity: '3', price: '100.3' },
      { trade_id: 'b:entry', side: 'sell', quantity: '1', price: '100.1' },
    ]);
  });
});
