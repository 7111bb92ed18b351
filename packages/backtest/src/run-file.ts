import { existsSync } from 'node:fs';
import type { DuckDBValue } from '@duckdb/node-api';
import { hashFile } from '@tb/schema';
import { DUCKDB_OPTIONS } from './duckdb-options.ts';
import { BacktestError } from './errors.ts';
import { loadDuckdb } from './load-duckdb.ts';
import type { Order } from './order.ts';
import type { RunInput } from './run-history.ts';
import type { RunMetric } from './run-tally.ts';
import type { OpenPosition, Trade } from './trade.ts';

/** Part of an equity curve, as columns: row i of each array is one candle time. */
export interface EquityColumns {
  readonly rows: number;
  /** START of the candles, ns UTC; the equity is that at their close. */
  readonly ts: BigInt64Array;
  readonly equity: Float64Array;
  readonly cash: Float64Array;
  /** Fraction below the highest equity so far, <= 0. */
  readonly drawdown: Float64Array;
}

/** A finished run, open for reading. Nothing in it can change. */
export interface RunFile extends AsyncDisposable {
  /** What was asked for, as text by key: `strategy_id`, `fingerprint`, `from_ns`, ... */
  metadata(): Promise<Readonly<Record<string, string>>>;
  parameters(): Promise<Readonly<Record<string, unknown>>>;
  metrics(): Promise<readonly RunMetric[]>;
  inputs(): Promise<readonly RunInput[]>;
  /** By order id. */
  orders(): Promise<readonly Order[]>;
  /** By trade id. @param limit Default: all. */
  trades(limit?: number): Promise<readonly Trade[]>;
  positions(): Promise<readonly OpenPosition[]>;
  /**
   * The equity curve, oldest first.
   * @param maxRows When there are more candle times, the lowest and the highest equity of each stretch, and the last row:
   *   about that many rows, which draw the same picture. Default: all.
   */
  equity(maxRows?: number): Promise<EquityColumns>;
  /** Last equity of each UTC month, `YYYY-MM`, oldest first. */
  monthlyEquity(): Promise<readonly { readonly month: string; readonly equity: number }[]>;
  close(): void;
}

/**
 * Opens a finished run file, read-only.
 *
 * @param expected What the index says. The file is hashed before DuckDB opens it: a damaged one can give wrong answers or
 *   end the process.
 * @throws `RUN_FILE_MISSING`, `RUN_FILE_CORRUPT`
 */
export async function openRunFile(
  path: string,
  expected: { readonly sha256: string },
): Promise<RunFile> {
  const { sha256, sizeBytes } = await hashFile(path).catch((error: NodeJS.ErrnoException) => {
    const isMissing = error.code === 'ENOENT';
    throw new BacktestError(
      isMissing ? 'RUN_FILE_MISSING' : 'RUN_FILE_CORRUPT',
      `Run file ${path} ${isMissing ? 'is not there' : `cannot be read: ${error.code ?? error.message}`}`,
      { cause: error },
    );
  });
  if (sha256 !== expected.sha256)
    throw new BacktestError(
      'RUN_FILE_CORRUPT',
      `Run file ${path} is ${sizeBytes} bytes with sha256 ${sha256.slice(0, 12)}, the index says ${expected.sha256.slice(0, 12)}`,
    );
  if (existsSync(`${path}.wal`))
    throw new BacktestError(
      'RUN_FILE_CORRUPT',
      `Run file ${path} has a .wal beside it, which DuckDB would apply: a finished run has none`,
    );
  const { DuckDBInstance } = loadDuckdb();
  const instance = await DuckDBInstance.create(path, {
    ...DUCKDB_OPTIONS,
    access_mode: 'READ_ONLY',
  });
  const connection = await instance.connect();
  const read: Read = async (sql) => (await connection.runAndReadAll(sql)).getRowObjects();
  let isOpen = true;
  const close = (): void => {
    if (isOpen) {
      connection.closeSync();
      instance.closeSync();
    }
    isOpen = false;
  };
  return { ...readersOf(read), close, [Symbol.asyncDispose]: async () => close() };
}

type Value = DuckDBValue;
type Read = (sql: string) => Promise<Record<string, Value>[]>;

function readersOf(read: Read): Omit<RunFile, 'close' | typeof Symbol.asyncDispose> {
  return {
    metadata: async () =>
      Object.fromEntries(
        (await read('SELECT key, value FROM metadata')).map((row) => [
          String(row['key']),
          String(row['value']),
        ]),
      ),
    parameters: async () =>
      Object.fromEntries(
        (await read('SELECT name, value FROM parameters')).map((row) => [
          String(row['name']),
          JSON.parse(String(row['value'])) as unknown,
        ]),
      ),
    metrics: async () =>
      (await read('SELECT name, value, convention FROM metrics ORDER BY rowid')).map((row) => ({
        name: String(row['name']),
        value: row['value'] === null ? Number.NaN : Number(row['value']),
        convention: String(row['convention']),
      })),
    inputs: async () =>
      (await read('SELECT * FROM fingerprint ORDER BY path')).map((row) => ({
        path: String(row['path']),
        sha256: String(row['sha256']),
        tradingDate: String(row['trading_date']),
        revision: Number(row['revision']),
      })),
    orders: async () => (await read(ORDERS)).map(orderOf),
    trades: async (limit) =>
      (await read(limit === undefined ? TRADES : `${TRADES} LIMIT ${whole(limit)}`)).map(tradeOf),
    positions: async () => (await read('SELECT * FROM positions ORDER BY symbol')).map(positionOf),
    equity: async (maxRows) =>
      columnsOf(await read(maxRows === undefined ? EQUITY : thinned(whole(maxRows)))),
    monthlyEquity: async () =>
      (await read(MONTHS)).map((row) => ({
        month: String(row['month']),
        equity: Number(row['equity']),
      })),
  };
}

const ORDERS =
  'SELECT * REPLACE (epoch_ns(ts) AS ts, epoch_ns(fill_ts) AS fill_ts) FROM orders ORDER BY order_id';
const TRADES =
  'SELECT * REPLACE (epoch_ns(entry_ts) AS entry_ts, epoch_ns(exit_ts) AS exit_ts) FROM trades ORDER BY trade_id';
const EQUITY = 'SELECT * REPLACE (epoch_ns(ts) AS ts) FROM equity ORDER BY ts';
const MONTHS = `SELECT strftime(ts, '%Y-%m') AS month, arg_max(equity, ts) AS equity
FROM equity
GROUP BY month
ORDER BY month`;

function thinned(maxRows: number): string {
  return `WITH numbered AS (
  SELECT *, row_number() OVER (ORDER BY ts) - 1 AS place, count(*) OVER () AS total FROM equity
), bucketed AS (
  SELECT *, place * ${Math.max(1, Math.floor(maxRows / 2))} // total AS bucket FROM numbered
), kept AS (
  SELECT unnest([arg_min(place, equity), arg_max(place, equity)]) AS place FROM bucketed GROUP BY bucket
  UNION
  SELECT max(place) FROM numbered
)
SELECT epoch_ns(ts) AS ts, equity, cash, drawdown
FROM numbered
WHERE total <= ${maxRows} OR place IN (SELECT place FROM kept)
ORDER BY ts`;
}

function whole(count: number): number {
  if (!Number.isSafeInteger(count) || count < 1)
    throw new RangeError(`A number of rows is ${count}: it is a whole number from 1`);
  return count;
}

function columnsOf(rows: Record<string, Value>[]): EquityColumns {
  const column = (name: string): Float64Array =>
    Float64Array.from(rows, (row) => Number(row[name]));
  return {
    rows: rows.length,
    ts: BigInt64Array.from(rows, (row) => row['ts'] as bigint),
    equity: column('equity'),
    cash: column('cash'),
    drawdown: column('drawdown'),
  };
}

function orderOf(row: Record<string, Value>): Order {
  return {
    orderId: Number(row['order_id']),
    ts: row['ts'] as bigint,
    symbol: String(row['symbol']),
    side: row['side'] as Order['side'],
    type: row['type'] as Order['type'],
    quantity: Number(row['quantity']),
    limitPrice: optionalNumber(row['limit_price']),
    stopPrice: optionalNumber(row['stop_price']),
    state: row['state'] as Order['state'],
    fillTs: (row['fill_ts'] as bigint | null) ?? undefined,
    fillPrice: optionalNumber(row['fill_price']),
    fee: Number(row['fee']),
    reason: (row['reason'] as Order['reason'] | null) ?? undefined,
  };
}

function tradeOf(row: Record<string, Value>): Trade {
  return {
    tradeId: Number(row['trade_id']),
    symbol: String(row['symbol']),
    side: row['side'] as Trade['side'],
    quantity: Number(row['quantity']),
    entryTs: row['entry_ts'] as bigint,
    entryPrice: Number(row['entry_price']),
    exitTs: row['exit_ts'] as bigint,
    exitPrice: Number(row['exit_price']),
    fees: Number(row['fees']),
    pnl: Number(row['pnl']),
  };
}

function positionOf(row: Record<string, Value>): OpenPosition {
  return {
    symbol: String(row['symbol']),
    quantity: Number(row['quantity']),
    averagePrice: Number(row['average_price']),
    marketPrice: Number(row['market_price']),
    unrealisedPnl: Number(row['unrealised_pnl']),
    fees: Number(row['fees']),
  };
}

function optionalNumber(value: Value | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
