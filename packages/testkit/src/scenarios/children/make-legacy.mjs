// Makes a small trading_bot.duckdb of the old kind: users, a watch list, signals, one day of candles, some ticks.
// DuckDB is resolved from apps/ops: testkit installs none.
// usage: make-legacy.mjs FILE
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../../../apps/ops/package.json', import.meta.url));
const { DuckDBInstance } = await import(require.resolve('@duckdb/node-api'));

const instance = await DuckDBInstance.create(process.argv[2], { threads: '1' });
const connection = await instance.connect();
for (const sql of [
  "CREATE TABLE users AS SELECT 'trader' AS username, 'x' AS password_hash, 'admin' AS roles, TIMESTAMP '2026-01-05 04:00:00' AS created_at",
  "CREATE TABLE user_watchlist AS SELECT 'default' AS username, 'NSE_EQ|TEST0001' AS instrument_key, 'TEST1' AS trading_symbol, 'NSE' AS exchange, 'EQ' AS market_type, TIMESTAMP '2026-01-05 04:00:00' AS added_at",
  `CREATE TABLE signals AS SELECT 'signal-' || i AS signal_id, 'cross' AS strategy_id, 'NSE_EQ|TEST0001' AS symbol, 'entry' AS signal_type, 0.5 AS confidence,
     TIMESTAMP '2026-02-02 05:00:00' + to_minutes(i) AS bar_ts, 'new' AS status, TIMESTAMP '2026-02-02 05:00:00' + to_minutes(i) AS created_at FROM range(5) r(i)`,
  `CREATE TABLE candles AS SELECT 'NSE_EQ|TEST000' || s AS instrument_key, TIMESTAMP '2026-02-02 03:45:00' + to_minutes(m) AS timestamp,
     100.0 + s + m / 20 AS open, 101.0 + s + m / 20 AS high, 99.0 + s + m / 20 AS low, 100.5 + s + m / 20 AS close, 10 * m AS volume, false AS is_synthetic
   FROM range(1, 3) a(s), range(375) b(m)`,
  `CREATE TABLE live_ticks AS SELECT 'NSE_EQ|TEST0001' AS symbol, TIMESTAMP '2026-02-02 04:00:00' + to_seconds(i // 2) AS exchange_ts, 100.0 + i % 7 AS price, 1.0 AS volume
   FROM range(400) r(i)`,
])
  await connection.run(sql);
connection.closeSync();
instance.closeSync();
