import { DuckDBInstance } from '@duckdb/node-api';
import { initialiseRoot } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { type MigrateAnswer, type MigrateTools, migrate } from '../../src/migrate/migrate.ts';
import type { MigrateOptions } from '../../src/migrate/options.ts';
import type { TableResult } from '../../src/migrate/table-tally.ts';

/** Runs statements in a DuckDB file of its own and closes it: no .wal is left. */
export async function writeLegacy(path: string, statements: readonly string[]): Promise<void> {
  const instance = await DuckDBInstance.create(path, { threads: '1' });
  const connection = await instance.connect();
  try {
    for (const statement of statements) await connection.run(statement);
    await connection.run('CHECKPOINT');
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Rows of a query over a file that nobody has open. */
export async function queryFile(path: string, sql: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY', threads: '1' });
  const connection = await instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjects();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** An initialised data root. */
export async function freshRoot(path: string): Promise<Layout> {
  const layout = layoutOf(path);
  await initialiseRoot(layout);
  return layout;
}

/** Migrates a file of these statements into a new root. */
export async function migrated(
  at: (name: string) => string,
  statements: readonly string[],
  options: Partial<MigrateOptions> = {},
  tools: Partial<MigrateTools> = {},
): Promise<{ readonly answer: MigrateAnswer; readonly layout: Layout; readonly from: string }> {
  const from = at('old.duckdb');
  await writeLegacy(from, statements);
  const layout = await freshRoot(at('data'));
  const answer = await migrate({ from, ...options }, { layout, ...tools });
  return { answer, layout, from };
}

export function tableOf(answer: MigrateAnswer, table: string): TableResult {
  const found = answer.tables.find((one) => one.table === table);
  if (!found) throw new Error(`No table ${table} in the answer`);
  return found;
}

/** The four fates of a table, in the order moved, duplicates, quarantined, archived. */
export function fatesOf(answer: MigrateAnswer, table: string): readonly number[] {
  const { moved, duplicates, quarantined, archived } = tableOf(answer, table);
  return [moved, duplicates, quarantined, archived];
}

export const CANDLES =
  'CREATE TABLE candles (instrument_key VARCHAR, "timestamp" TIMESTAMP, open DOUBLE, high DOUBLE, low DOUBLE, close DOUBLE, volume DOUBLE, is_synthetic BOOLEAN DEFAULT false)';
export const TICKS =
  'CREATE TABLE live_ticks (symbol VARCHAR, exchange_ts TIMESTAMP, price DOUBLE, volume DOUBLE)';
export const USERS =
  'CREATE TABLE users (username VARCHAR, password_hash VARCHAR, roles VARCHAR, created_at TIMESTAMP)';
export const FILLS =
  'CREATE TABLE trades (trade_id VARCHAR, signal_id VARCHAR, "timestamp" TIMESTAMP, symbol VARCHAR, direction VARCHAR, quantity DOUBLE, price DOUBLE, status VARCHAR, fees DOUBLE, metadata VARCHAR)';

/** `count` minutes of one symbol from a naive time on, prices that move. */
export function candlesFrom(key: string, from: string, count: number, base = 100): string {
  return `INSERT INTO candles SELECT '${key}', TIMESTAMP '${from}' + INTERVAL (i) MINUTE, ${base} + i % 7, ${base} + 8 + i % 3, ${base} - 1 - i % 2, ${base} + i % 5, 10 * (i + 1), false FROM range(${count}) AS t(i)`;
}
