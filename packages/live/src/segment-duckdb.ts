import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { loadDuckdb } from './load-duckdb.ts';

/** Columns of `data`, as in a tick day file. */
export const DATA_COLUMNS = 'sid, ts, seq, price, volume, bid, ask';

const DATA_DDL = `(sid INTEGER NOT NULL, ts TIMESTAMP_NS NOT NULL, seq BIGINT NOT NULL, price DOUBLE NOT NULL,
  volume DOUBLE NOT NULL, bid DOUBLE, ask DOUBLE)`;

/** An in-memory DuckDB that reads and writes segments; closed by `close`. */
export class SegmentDuckdb {
  readonly connection: DuckDBConnection;
  readonly #instance: DuckDBInstance;

  static async open(memoryLimitMb: number, tempDir: string): Promise<SegmentDuckdb> {
    const { DuckDBInstance } = loadDuckdb();
    const instance = await DuckDBInstance.create(':memory:', {
      threads: '1',
      memory_limit: `${memoryLimitMb}MB`,
      temp_directory: tempDir,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      disabled_optimizers: 'common_subplan', // wrong UNION ALL in 1.5.6 (duckdb/duckdb#24624)
    });
    return new SegmentDuckdb(instance, await instance.connect());
  }

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.connection = connection;
  }

  async run(sql: string): Promise<void> {
    await this.connection.run(sql);
  }

  /** Rows of a query; integers of 64 bits and more as bigint. */
  async rows(sql: string): Promise<unknown[][]> {
    return (await this.connection.runAndReadAll(sql)).getRows() as unknown[][];
  }

  createTable(name: string): Promise<void> {
    return this.run(`CREATE TABLE ${name} ${DATA_DDL}`);
  }

  /** Without TYPE, a file that begins like SQLite makes DuckDB look for an extension. */
  attach(path: string, name: string): Promise<void> {
    return this.run(`ATTACH ${quoted(path)} AS ${name} (TYPE duckdb, READ_ONLY)`);
  }

  close(): void {
    this.connection.closeSync();
    this.#instance.closeSync();
  }
}

/** A text literal of SQL. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
