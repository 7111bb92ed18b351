import { HistoryError } from './errors.ts';
import { loadDuckdb } from './load-duckdb.ts';

/** What this package needs of a DuckDB connection; `DuckDBConnection` of @duckdb/node-api fits as it is. */
export interface DuckConnection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRowObjects(): Record<string, unknown>[] }>;
}

/** A private in-memory instance for building. */
export interface BuildInstance extends AsyncDisposable {
  readonly connection: DuckConnection;
  /** Another connection, for what may run beside the first. Closed with the instance. */
  connect(): Promise<DuckConnection>;
  close(): void;
}

/**
 * Opens an in-memory DuckDB for builds, checks and archives.
 *
 * @param options `memoryLimitMb` 512 and `threads` 2 by default; `tempDirectory` is where DuckDB spills, none by default.
 * Extensions are neither installed nor loaded. Close it before the process exits: pending work aborts the process.
 */
export async function openBuildInstance(
  options: { memoryLimitMb?: number; threads?: number; tempDirectory?: string } = {},
): Promise<BuildInstance> {
  const { DuckDBInstance } = loadDuckdb();
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: `${options.memoryLimitMb ?? 512}MB`,
    threads: String(options.threads ?? 2),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: options.tempDirectory ?? '',
    disabled_optimizers: 'common_subplan', // UNION ALL gave wrong rows with it: duckdb/duckdb#24624, seen on 1.5.6
  });
  try {
    const connection = await instance.connect();
    const open = [connection];
    const connect = async (): Promise<DuckConnection> => {
      const another = await instance.connect();
      open.push(another);
      return another;
    };
    const close = (): void => {
      for (const one of open.splice(0)) one.closeSync();
      instance.closeSync();
    };
    return { connection, connect, close, [Symbol.asyncDispose]: async () => close() };
  } catch (error) {
    instance.closeSync();
    throw error;
  }
}

/** All rows of a small result. BIGINT and HUGEINT are bigint, DOUBLE number, text string. */
export async function readRows(
  connection: DuckConnection,
  sql: string,
): Promise<Record<string, unknown>[]> {
  return (await connection.runAndReadAll(sql)).getRowObjects();
}

/** The only row of a result. */
export async function readRow(
  connection: DuckConnection,
  sql: string,
): Promise<Record<string, unknown>> {
  const [row, second] = await readRows(connection, sql);
  if (!row || second)
    throw new HistoryError('BUILD_FAILED', 'A query for one row gave another count');
  return row;
}

/** A text as a SQL literal. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as a SQL identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Runs `body`, then `cleanup` whatever happens. When both fail, both are told. */
export async function withCleanup<T>(
  body: () => Promise<T>,
  cleanup: () => Promise<unknown>,
): Promise<T> {
  let result: T;
  try {
    result = await body();
  } catch (error) {
    await also(error, cleanup);
    throw error;
  }
  await cleanup();
  return result;
}

/** Runs `body` in one transaction: committed when it returns, rolled back when it throws. */
export async function inTransaction<T>(
  connection: DuckConnection,
  body: () => Promise<T>,
): Promise<T> {
  await connection.run('BEGIN TRANSACTION');
  try {
    const result = await body();
    await connection.run('COMMIT');
    return result;
  } catch (error) {
    await also(error, () => connection.run('ROLLBACK'));
    throw error;
  }
}

/** A step after a failure; when it fails too, neither error hides the other. */
async function also(error: unknown, step: () => Promise<unknown>): Promise<void> {
  try {
    await step();
  } catch (second) {
    throw new AggregateError([error, second], 'A step failed, and so did the cleanup after it');
  }
}
