import { existsSync } from 'node:fs';
import type {
  DuckDBAppender,
  DuckDBConnection,
  DuckDBDataChunkWriter,
  DuckDBInstance,
  DuckDBValue,
} from '@duckdb/node-api';
import { readSql, sealFile } from '@tb/schema';
import { DUCKDB_OPTIONS } from './duckdb-options.ts';
import { loadDuckdb } from './load-duckdb.ts';
import type { Row, RunTable } from './run-file-protocol.ts';

const duckdb = loadDuckdb();

const TABLES: readonly RunTable[] = [
  'metadata',
  'parameters',
  'orders',
  'trades',
  'positions',
  'equity',
  'metrics',
  'fingerprint',
];

interface TableWriter {
  readonly appender: DuckDBAppender;
  readonly writer: DuckDBDataChunkWriter;
  /** Which columns hold a time. */
  readonly isTime: readonly boolean[];
  rows: number;
}

// The smallest block. Eight small tables in DuckDB's default of 262,144 bytes make a run of 3,000 candles 2.1 MB, these
// 0.4 MB, and a sweep has hundreds.
const BLOCK_BYTES = '16384';

/**
 * A run file in the making, in the child process. All rows are one transaction: DuckDB writes full row groups to the file
 * as they come and keeps little in memory.
 */
export class RunFileBuild {
  readonly #path: string;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  readonly #tables: ReadonlyMap<RunTable, TableWriter>;

  private constructor(
    path: string,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
    tables: ReadonlyMap<RunTable, TableWriter>,
  ) {
    this.#path = path;
    this.#instance = instance;
    this.#connection = connection;
    this.#tables = tables;
  }

  /** Creates the file with its tables. It must not exist. */
  static async create(path: string): Promise<RunFileBuild> {
    if (existsSync(path)) throw new Error(`${path} exists already`);
    const instance = await duckdb.DuckDBInstance.create(path, {
      ...DUCKDB_OPTIONS,
      default_block_size: BLOCK_BYTES,
    });
    const connection = await instance.connect();
    await connection.run(readSql('run/0001_init.sql'));
    await connection.run('BEGIN TRANSACTION');
    const tables = new Map<RunTable, TableWriter>();
    for (const table of TABLES) {
      const appender = await connection.createAppender(table);
      const isTime = Array.from(
        { length: appender.columnCount },
        (_, at) => appender.columnType(at).typeId === duckdb.DuckDBTypeId.TIMESTAMP_NS,
      );
      const writer = duckdb.DuckDBDataChunkWriter.forAppender(appender);
      tables.set(table, { appender, writer, isTime, rows: 0 });
    }
    return new RunFileBuild(path, instance, connection, tables);
  }

  append(table: RunTable, rows: readonly Row[]): void {
    const target = this.#tables.get(table)!;
    for (const row of rows) target.writer.appendRow(valuesOf(row, target.isTime));
    target.rows += rows.length;
  }

  /** Commits, moves everything into the file itself, reads it back, and makes it durable and read-only. */
  async finish(): Promise<{ sha256: string; sizeBytes: number }> {
    for (const { writer, appender } of this.#tables.values()) {
      writer.flush();
      appender.closeSync();
    }
    await this.#connection.run('COMMIT');
    await this.#connection.run('CHECKPOINT');
    this.#connection.closeSync();
    this.#instance.closeSync();
    if (existsSync(`${this.#path}.wal`))
      throw new Error(`${this.#path}.wal is left: not all rows are in the file`);
    await this.#readBack();
    const { sha256, sizeBytes } = await sealFile(this.#path);
    return { sha256, sizeBytes };
  }

  /** A file that opens proves nothing: counts the rows of every table in a second, read-only instance. */
  async #readBack(): Promise<void> {
    const options = { ...DUCKDB_OPTIONS, access_mode: 'READ_ONLY' };
    const instance = await duckdb.DuckDBInstance.create(this.#path, options);
    const connection = await instance.connect();
    try {
      for (const [table, { rows }] of this.#tables) {
        const result = await connection.runAndReadAll(`SELECT count(*) FROM ${table}`);
        const [found] = result.getRows()[0]!;
        if (found !== BigInt(rows))
          throw new Error(`Table ${table} has ${String(found)} rows, ${rows} were written`);
      }
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }
}

function valuesOf(row: Row, isTime: readonly boolean[]): DuckDBValue[] {
  return row.map((cell, at) =>
    isTime[at] && cell !== null ? new duckdb.DuckDBTimestampNanosecondsValue(cell as bigint) : cell,
  );
}
