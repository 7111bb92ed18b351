import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type FileHash, readSql, sealFile } from '@tb/schema';
import { OpsError } from '../../errors.ts';
import type { LegacyMetric, LegacyRunTrade } from '../map/run-mappers.ts';
import { literal } from '../source-table.ts';
import { insertValues, rowOf } from './query.ts';

/** Rows of run files on their way; `run` is the number of the run within the migration. */
export interface RunRows {
  readonly trades: readonly (LegacyRunTrade & { readonly run: number })[];
  readonly equity: readonly {
    readonly run: number;
    readonly ts: bigint;
    readonly equity: number;
  }[];
}

/** One run file to write. */
export interface RunFileJob {
  readonly run: number;
  /** Absolute, temporary. */
  readonly path: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Values are JSON. */
  readonly parameters: readonly (readonly [name: string, json: string])[];
  readonly metrics: readonly LegacyMetric[];
}

/** Creates the tables that rows of runs wait in. */
export async function createRunTables(connection: DuckDBConnection): Promise<void> {
  await connection.run(
    `CREATE TABLE run_trades (run INTEGER, ord BIGINT, symbol VARCHAR, side VARCHAR, quantity DOUBLE, entry_ts BIGINT, entry_price DOUBLE,
       exit_ts BIGINT, exit_price DOUBLE, fees DOUBLE, pnl DOUBLE, attributes VARCHAR)`,
  );
  await connection.run(
    'CREATE TABLE run_equity (run INTEGER, ord BIGINT, ts BIGINT, equity DOUBLE)',
  );
  await connection.run('CREATE SEQUENCE run_row');
}

/** Adds rows, in stored order. */
export async function addRunRows(connection: DuckDBConnection, rows: RunRows): Promise<void> {
  await insertValues(
    connection,
    'run_trades',
    rows.trades.map(
      (t) =>
        `(${t.run}, nextval('run_row'), ${literal(t.symbol)}, '${t.side}', ${double(t.quantity)}, ${t.entryTs}, ${double(t.entryPrice)},
          ${t.exitTs}, ${double(t.exitPrice)}, ${double(t.fees)}, ${double(t.pnl)}, ${t.attributes === null ? 'NULL' : literal(t.attributes)})`,
    ),
  );
  await insertValues(
    connection,
    'run_equity',
    rows.equity.map((e) => `(${e.run}, nextval('run_row'), ${e.ts}, ${double(e.equity)})`),
  );
}

/** The shortest text of a number reads back to the same number; a cast makes it a DOUBLE and not a DECIMAL. */
function double(value: number): string {
  return `'${value}'::DOUBLE`;
}

/**
 * Cash between trades is not known of an old run (NaN). Drawdown is counted from the highest equity so far, in stored order
 * within one time.
 */
const EQUITY = (
  run: number,
): string => `SELECT make_timestamp_ns(ts) AS ts, equity, 'nan'::DOUBLE AS cash,
  CASE WHEN top > 0 THEN least(equity / top - 1, 0) ELSE 0 END AS drawdown
  FROM (SELECT *, max(equity) OVER (ORDER BY ts, ord) AS top FROM run_equity WHERE run = ${run}) ORDER BY ts, ord`;

const TRADES = (
  run: number,
): string => `SELECT row_number() OVER (ORDER BY exit_ts, ord) AS trade_id, symbol, side, quantity,
  make_timestamp_ns(entry_ts) AS entry_ts, entry_price, make_timestamp_ns(exit_ts) AS exit_ts, exit_price, fees, pnl, attributes
  FROM run_trades WHERE run = ${run} ORDER BY exit_ts, ord`;

const ALIAS = 'tb_run';

/**
 * Writes one run file under a temporary name: rows, CHECKPOINT, DETACH, no .wal, read back and compared, read-only, durable.
 * @throws `MIGRATION_MISMATCH`
 */
export async function writeRunFile(
  connection: DuckDBConnection,
  job: RunFileJob,
): Promise<FileHash> {
  await rm(job.path, { force: true });
  await rm(`${job.path}.wal`, { force: true });
  await connection.run(
    `ATTACH ${literal(job.path)} AS ${ALIAS} (TYPE duckdb, BLOCK_SIZE 65536, STORAGE_VERSION 'v1.5.0')`,
  );
  try {
    await connection.run(`USE ${ALIAS}.main`);
    try {
      await connection.run(readSql('run/0001_init.sql'));
    } finally {
      await connection.run('USE memory.main');
    }
    await connection.run(`INSERT INTO ${ALIAS}.trades BY NAME ${TRADES(job.run)}`);
    await connection.run(`INSERT INTO ${ALIAS}.equity BY NAME ${EQUITY(job.run)}`);
    const pairs = (entries: readonly (readonly [string, string])[]): string[] =>
      entries.map(([name, value]) => `(${literal(name)}, ${literal(value)})`);
    await insertValues(connection, `${ALIAS}.metadata`, pairs(Object.entries(job.metadata)));
    await insertValues(connection, `${ALIAS}.parameters`, pairs(job.parameters));
    await insertValues(
      connection,
      `${ALIAS}.metrics`,
      job.metrics.map(
        ({ name, value, convention }) =>
          `(${literal(name)}, ${double(value)}, ${literal(convention)})`,
      ),
    );
    await connection.run(`CHECKPOINT ${ALIAS}`);
  } finally {
    await connection.run(`DETACH ${ALIAS}`);
  }
  if (existsSync(`${job.path}.wal`))
    throw new OpsError('MIGRATION_MISMATCH', `${job.path} still has a .wal after its checkpoint`);
  await verifyRunFile(connection, job);
  const { sha256, sizeBytes } = await sealFile(job.path);
  return { sha256, sizeBytes };
}

async function verifyRunFile(connection: DuckDBConnection, job: RunFileJob): Promise<void> {
  await connection.run(`ATTACH ${literal(job.path)} AS ${ALIAS} (TYPE duckdb, READ_ONLY)`);
  try {
    for (const [table, expected] of [
      ['trades', TRADES(job.run)],
      ['equity', EQUITY(job.run)],
    ] as const) {
      const [a, b] = [
        await rowOf(connection, digestSql(table, `(${expected})`)),
        await rowOf(connection, digestSql(table, `${ALIAS}.${table}`)),
      ];
      if (a['n'] !== b['n'] || a['h'] !== b['h'])
        throw new OpsError(
          'MIGRATION_MISMATCH',
          `${job.path} reads back ${b['n']} rows of ${table}, ${a['n']} were written, or they differ`,
        );
    }
  } finally {
    await connection.run(`DETACH ${ALIAS}`);
  }
}

const COLUMNS = {
  trades:
    'trade_id, symbol, side, quantity, entry_ts, entry_price, exit_ts, exit_price, fees, pnl, attributes',
  equity: 'ts, equity, cash, drawdown',
} as const;

function digestSql(table: keyof typeof COLUMNS, from: string): string {
  return `SELECT count(*) AS n, coalesce(sum(hash(${COLUMNS[table]})), 0) AS h FROM ${from} AS rows`;
}
