import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DatabaseManager } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { tempRoot } from '@tb/testkit';
import { type MigrateAnswer, migrate } from '../../src/migrate/migrate.ts';
import { sharedFile, tb } from '../tb.ts';
import { fatesOf, freshRoot, queryFile, tableOf } from './legacy.ts';

const STRICT = sharedFile('legacy/trading_bot_strict.duckdb');
const V1 = sharedFile('legacy/trading_bot_v1.duckdb');
const sampleTest = STRICT && V1 ? test : test.skip;
if (!STRICT || !V1)
  process.stderr.write('SKIPPED: ../shared/legacy is missing, sample monoliths not migrated\n');

const TIMEOUT_MS = 300_000;

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** Every published row of a kind, as one multiset hash with its count, through the reader of the manager. */
async function historyOf(
  layout: Layout,
  view: string,
  columns: string,
): Promise<Record<string, unknown>[]> {
  await using manager = await DatabaseManager.open({ root: layout.root, role: 'reader' });
  await using session = await manager.openSql();
  const result = await session.query(
    `SELECT exchange, count(*)::BIGINT AS n, md5(string_agg(line, ',' ORDER BY line)) AS h FROM (SELECT exchange, hash(${columns})::VARCHAR AS line FROM ${view}) GROUP BY exchange ORDER BY exchange`,
  );
  const rows: Record<string, unknown>[] = [];
  for await (const chunk of result.chunks)
    for (let row = 0; row < chunk.rows; row += 1)
      rows.push(
        Object.fromEntries(chunk.names.map((name, at) => [name, chunk.columns[at]?.[row]])),
      );
  return rows;
}

describe('the sample monoliths', () => {
  const root = tempRoot('samples');
  let strict: Layout;
  let planned: MigrateAnswer;
  let answer: MigrateAnswer;
  const before = STRICT && sha256(STRICT);

  beforeAll(async () => {
    if (!STRICT || !V1) return;
    expect((await tb(['init', '--root', root.at('strict')])).exit).toBe(0);
    strict = layoutOf(root.at('strict'));
    const words = ['migrate', '--from', STRICT, '--root', strict.root, '--json', '--quiet'];
    planned = (await tb([...words, '--dry-run'])).json;
    expect(existsSync(planned.archive.path)).toBe(false);
    const run = await tb(words);
    expect(run.exit).toBe(0);
    answer = run.json;
    expect(run.json).toMatchObject({
      command: 'migrate',
      status: 'migrated',
      source: { path: STRICT, sha256: before },
    });
  }, TIMEOUT_MS);
  afterAll(() => root[Symbol.dispose]());

  sampleTest(
    'strict: every row of every table is accounted for, and what went in comes out',
    async () => {
      const from = STRICT as string;
      const layout = strict;
      expect(answer.tables).toEqual(planned.tables);
      expect(sha256(from)).toBe(before);

      const facts = JSON.parse(readFileSync(from.replace('.duckdb', '.facts.json'), 'utf8')) as {
        tables: Record<string, { rows: number }>;
      };
      expect(Object.fromEntries(answer.tables.map((one) => [one.table, one.rowsIn]))).toEqual(
        Object.fromEntries(Object.entries(facts.tables).map(([name, { rows }]) => [name, rows])),
      );
      for (const one of answer.tables)
        expect(one.moved + one.duplicates + one.quarantined + one.archived).toBe(one.rowsIn);
      expect(fatesOf(answer, 'candles')).toEqual([20_946, 0, 0, 0]);
      expect(fatesOf(answer, 'live_ticks')).toEqual([76_446, 0, 3_744, 0]);
      expect(tableOf(answer, 'live_ticks').reasons).toEqual({ no_session: 3_744 });
      expect(fatesOf(answer, 'websocket_status')).toEqual([0, 0, 0, 1]);
      for (const name of [
        'trades',
        'signals',
        'users',
        'user_roles',
        'backtest_runs',
        'backtest_trades',
        'backtest_equity_curves',
      ])
        expect(fatesOf(answer, name)).toEqual([facts.tables[name]?.rows, 0, 0, 0]);

      const exchange = (key: string) => `lower(split_part(${key}, '_', 1))`;
      const [candles] = await queryFile(
        from,
        `SELECT list({e: e, n: n, h: h} ORDER BY e)::VARCHAR AS text FROM (
           SELECT e, count(*) AS n, md5(string_agg(line, ',' ORDER BY line)) AS h FROM (
             SELECT ${exchange('instrument_key')} AS e, hash(instrument_key, timestamp::TIMESTAMP_NS, open, high, low, close, volume)::VARCHAR AS line FROM candles) GROUP BY e)`,
      );
      const stored = await historyOf(
        layout,
        'candles_1m',
        'symbol, ts, open, high, low, close, volume',
      );
      expect(
        `[${stored.map((row) => `{'e': ${row['exchange']}, 'n': ${row['n']}, 'h': ${row['h']}}`).join(', ')}]`,
      ).toBe(candles?.['text']);

      const ticks = await queryFile(
        from,
        `SELECT ${exchange('symbol')} AS exchange, count(*) AS n, md5(string_agg(line, ',' ORDER BY line)) AS h FROM (
           SELECT symbol, hash(symbol, exchange_ts::TIMESTAMP_NS, price, volume)::VARCHAR AS line FROM live_ticks
           WHERE NOT (symbol LIKE 'MCX%' AND exchange_ts >= TIMESTAMP '2023-01-06 18:30:00')) GROUP BY 1 ORDER BY 1`,
      );
      expect(await historyOf(layout, 'ticks', 'symbol, ts, price, volume')).toEqual(ticks);

      const lines = readFileSync(answer.quarantineFile as string, 'utf8')
        .trimEnd()
        .split('\n');
      expect(lines).toHaveLength(3_744);
      expect(JSON.parse(lines[0] as string)).toMatchObject({
        table: 'live_ticks',
        reason: 'no_session',
        values: { symbol: 'MCX_FO|472789', volume: expect.any(String) },
      });
      expect(statSync(answer.archive.path).mode & 0o222).toBe(0);

      expect(await migrate({ from }, { layout })).toMatchObject({
        status: 'already_migrated',
        tables: answer.tables,
      });
    },
    TIMEOUT_MS,
  );

  sampleTest(
    'fills, positions, runs and users of the strict file stand in their stores',
    async () => {
      const from = STRICT as string;
      await using manager = await DatabaseManager.open({ root: strict.root, role: 'reader' });
      const fills = await manager.read('trading', (db) =>
        db.selectFrom('trades').selectAll().orderBy('ts').orderBy('trade_id').execute(),
      );
      const source = await queryFile(
        from,
        'SELECT trade_id, signal_id, price::VARCHAR AS price, fees::VARCHAR AS fees, epoch_ns(timestamp) AS ts FROM trades ORDER BY timestamp, trade_id',
      );
      expect(
        fills.map((fill) => [
          fill.trade_id,
          fill.signal_id,
          Number(fill.price),
          Number(fill.fee),
          fill.ts,
        ]),
      ).toEqual(
        source.map((row) => [
          row['trade_id'],
          row['signal_id'],
          Number(row['price']),
          Number(row['fees']),
          row['ts'],
        ]),
      );
      const positions = await manager.read('trading', (db) =>
        db.selectFrom('positions').selectAll().execute(),
      );
      expect(positions.length).toBe(new Set(fills.map((fill) => fill.symbol)).size);
      expect(
        positions.every((position) => position.quantity === '0' && position.cost === '0'),
      ).toBe(true);

      const pairs = await manager.read('config', (db) =>
        db.selectFrom('user_roles').selectAll().orderBy('username').orderBy('role_name').execute(),
      );
      expect(pairs).toEqual([
        { username: 'admin', role_name: 'admin' },
        { username: 'admin', role_name: 'viewer' },
        { username: 'viewer1', role_name: 'viewer' },
      ]);
      const runner = await manager.read('signals', (db) =>
        db.selectFrom('runner_state').selectAll().execute(),
      );
      expect(runner).toContainEqual(
        expect.objectContaining({
          symbol: 'NSE_EQ|INE002A01018',
          last_candle_ts: BigInt(Date.parse('2023-01-06T09:59:00Z')) * 1_000_000n,
          updated_at: BigInt(Date.parse('2023-01-06T10:00:01Z')) * 1_000_000n,
        }),
      );

      const runs = await manager.read('index', (db) => db.selectFrom('runs').selectAll().execute());
      expect(runs.map((each) => each.state).sort()).toEqual(['done', 'failed', 'failed']);
      const [done] = runs.filter((each) => each.state === 'done');
      const file = manager.layout.absolute(done?.path as string);
      expect(sha256(file)).toBe(done?.sha256);
      const [trades] = await queryFile(
        file,
        'SELECT count(*) AS n, round(sum(pnl + fees), 6) AS gross FROM trades',
      );
      const [legacy] = await queryFile(
        from,
        'SELECT count(*) AS n, round(sum(pnl), 6) AS gross FROM backtest_trades',
      );
      expect(trades).toEqual(legacy);
      const [equity] = await queryFile(
        file,
        'SELECT count(*) AS n, round(sum(equity), 3) AS s FROM equity',
      );
      expect(equity).toEqual(
        (
          await queryFile(
            from,
            'SELECT count(*) AS n, round(sum(equity), 3) AS s FROM backtest_equity_curves',
          )
        )[0],
      );
    },
    TIMEOUT_MS,
  );

  sampleTest(
    'generation 1 and 2 give the same 1m history, also in one data root, where nothing is stored twice',
    async () => {
      const from = V1 as string;
      const first = await freshRoot(root.at('first'));
      const v1 = await migrate({ from }, { layout: first });
      expect(fatesOf(v1, 'ohlcv_1m')).toEqual([20_946, 0, 0, 0]);
      expect(fatesOf(v1, 'ohlcv_resampled')).toEqual([5_707, 0, 0, 395]);
      expect(fatesOf(v1, 'trades')).toEqual([120, 0, 0, 0]);
      expect(fatesOf(v1, 'paper_trades')).toEqual([0, 0, 0, 1]);
      expect(v1.clocks).toContainEqual(
        expect.objectContaining({
          table: 'ohlcv_1m',
          clock: 'Asia/Kolkata',
          basis: 'values',
          unclearRows: 0,
        }),
      );
      expect(v1.clocks).toContainEqual(
        expect.objectContaining({
          table: 'trades',
          column: 'entry_time',
          clock: 'utc',
          basis: 'values',
          unclearRows: 0,
        }),
      );
      const columns = 'symbol, ts, open, high, low, close, volume';
      const history = await historyOf(first, 'candles_1m', columns);
      const hourly = await historyOf(first, 'candles_1h', columns);

      expect(await historyOf(strict, 'candles_1m', columns)).toEqual(history);
      expect(await historyOf(strict, 'candles_1h', columns)).toEqual(hourly);

      const both = await migrate({ from }, { layout: strict });
      expect(fatesOf(both, 'ohlcv_1m')).toEqual([20_946, 0, 0, 0]);
      expect(fatesOf(both, 'ohlcv_resampled')).toEqual([5_707, 0, 0, 395]);
      // Generation 2 has these instruments already, and wins.
      expect(fatesOf(both, 'instruments')).toEqual([0, 0, 0, 3]);
      expect(both.marketData).toMatchObject({ files: 0, alreadyThere: both.marketData.dates });
      expect(await historyOf(strict, 'candles_1m', columns)).toEqual(history);
      // Hours that lay on the old clock's grid were made anew from the minutes.
      expect(hourly.reduce((sum, row) => sum + Number(row['n']), 0)).toBeGreaterThan(350);
    },
    TIMEOUT_MS,
  );
});
