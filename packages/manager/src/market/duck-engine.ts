import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBResult,
  DuckDBValue,
} from '@duckdb/node-api';
import { loadDuckdb } from '@tb/history';
import type { ColumnChunk, SqlValue } from '@tb/schema';
import { ManagerError } from '../errors.ts';
import { columnChunkOf } from './column-chunk.ts';

export interface DuckOptions {
  /** DuckDB's text, e.g. '1GB'. Default '1GB'. */
  readonly memoryLimit?: string | undefined;
  /** Default 2. */
  readonly threads?: number | undefined;
}

/** A running SELECT. */
export interface QueryColumns {
  readonly names: readonly string[];
  /** DuckDB's names of the column types, e.g. TIMESTAMP_NS. */
  readonly types: readonly string[];
  readonly chunks: AsyncGenerator<ColumnChunk, void, undefined>;
}

const IDLE_MAX = 8;
/**
 * Rows that DuckDB may have ready before they are fetched. With its 1 MB a scan stops and starts again while its rows are
 * copied out: a symbol-year took 1.2 times as long.
 */
const READY_ROWS_SETTING = "SET streaming_buffer_size = '4MB'"; // a setting of the connection, not of the instance
/** Errors after which every file of the instance answers "invalidated". */
const FATAL = /^(?:FATAL|INTERNAL) Error|database has been invalidated/i;

/**
 * One in-memory DuckDB instance: 8.9 ms to make, so a process has one for all its queries. After a fatal error it is
 * dead, and its owner makes another.
 */
export class DuckEngine {
  readonly #instance: DuckDBInstance;
  readonly #connections = new Set<DuckDBConnection>();
  readonly #idle: DuckDBConnection[] = [];
  /** Calls that run in DuckDB's threads now: closing under them can end the process. */
  readonly #running = new Set<Promise<unknown>>();
  #failure: ManagerError | undefined;
  #isClosed = false;
  #isLocked = false;
  #names = 0;

  static async open(options: DuckOptions): Promise<DuckEngine> {
    const { DuckDBInstance } = loadDuckdb();
    const instance = await DuckDBInstance.create(':memory:', {
      memory_limit: options.memoryLimit ?? '1GB',
      threads: String(options.threads ?? 2),
      // Nothing is fetched from a network because a file begins in a certain way.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      // Wrong rows from UNION ALL: duckdb/duckdb#24624, seen on 1.5.6.
      disabled_optimizers: 'common_subplan',
      temp_directory: '',
    });
    return new DuckEngine(instance);
  }

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  /** Set once a fatal error was seen. */
  get failure(): ManagerError | undefined {
    return this.#failure;
  }

  /** False once it was closed or has failed: its tables are gone then. */
  get isUsable(): boolean {
    return !this.#isClosed && !this.#failure;
  }

  /** A table name that nothing else in this instance has. */
  newName(prefix: string): string {
    this.#names += 1;
    return `${prefix}_${this.#names}`;
  }

  /** Lends a connection for one piece of work. */
  async use<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const connection = await this.#take();
    try {
      return await this.#run(work(connection));
    } catch (error) {
      throw this.#translated(error);
    } finally {
      this.#giveBack(connection);
    }
  }

  /** Runs one statement of this package. */
  async run(sql: string): Promise<void> {
    await this.use((connection) => connection.run(sql));
  }

  /** From now on no statement changes a setting. */
  async lockConfiguration(): Promise<void> {
    await this.run('SET lock_configuration = true');
    this.#isLocked = true;
  }

  /**
   * Runs one statement that changes rows or writes a file; answers how many rows. The signal interrupts it.
   * @throws `QUERY_ABORTED`, `QUERY_FAILED`, `ENGINE_FAILED`
   */
  async execute(sql: string, signal?: AbortSignal): Promise<number> {
    if (signal?.aborted) throw aborted(signal);
    return this.use(async (connection) => {
      const interrupt = (): void => connection.interrupt();
      signal?.addEventListener('abort', interrupt, { once: true });
      try {
        return (await connection.run(sql)).rowsChanged;
      } catch (error) {
        throw signal?.aborted ? aborted(signal) : error;
      } finally {
        signal?.removeEventListener('abort', interrupt);
      }
    });
  }

  /**
   * Starts a SELECT; its rows come in chunks of at most 2,048. The chunks must be iterated, once, or `chunks.return()`
   * called: until then the result holds a connection.
   * @throws `QUERY_ABORTED`, `QUERY_FAILED`, `ENGINE_FAILED`, `MANAGER_CLOSED`
   */
  async query(
    sql: string,
    parameters: readonly SqlValue[],
    signal?: AbortSignal,
  ): Promise<QueryColumns> {
    if (signal?.aborted) throw aborted(signal);
    const connection = await this.#take();
    const interrupt = (): void => connection.interrupt();
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      const result = await this.#run(connection.stream(sql, [...parameters] as DuckDBValue[]));
      const names = result.columnNames();
      const types = result.columnTypes().map(String);
      const end = (isDone: boolean): void => {
        signal?.removeEventListener('abort', interrupt);
        if (isDone) this.#giveBack(connection);
        else this.#disconnect(connection); // its result was left half read: not lent again
      };
      return { names, types, chunks: this.#chunks(connection, result, signal, end) };
    } catch (error) {
      signal?.removeEventListener('abort', interrupt);
      this.#giveBack(connection);
      throw signal?.aborted ? aborted(signal) : this.#translated(error);
    }
  }

  /** `query` as one stream of chunks. */
  async *stream(
    sql: string,
    parameters: readonly SqlValue[],
    signal?: AbortSignal,
  ): AsyncGenerator<ColumnChunk, void, undefined> {
    const { chunks } = await this.query(sql, parameters, signal);
    yield* chunks;
  }

  /** While a chunk is looked at, the next one is fetched in a thread of DuckDB. */
  async *#chunks(
    connection: DuckDBConnection,
    result: DuckDBResult,
    signal: AbortSignal | undefined,
    end: (isDone: boolean) => void,
  ): AsyncGenerator<ColumnChunk, void, undefined> {
    const names = result.columnNames();
    let isDone = false;
    let next: Promise<DuckDBDataChunk | null> | undefined;
    try {
      for (;;) {
        if (this.#isClosed) throw closed();
        const chunk = await (next ?? this.#run(result.fetchChunk()));
        next = undefined;
        if (signal?.aborted) throw aborted(signal);
        if (!chunk || chunk.rowCount === 0) break;
        next = this.#run(result.fetchChunk());
        next.catch(() => undefined); // its error is thrown when its turn comes
        yield columnChunkOf(chunk, names);
      }
      isDone = true;
    } catch (error) {
      if (signal?.aborted) throw aborted(signal);
      throw this.#isClosed ? closed() : this.#translated(error);
    } finally {
      if (next) await this.#abandon(connection, next);
      end(isDone);
    }
  }

  /** Ends a fetch whose rows nobody wants. Its connection must not be closed under it; a fatal error shows again in the next call. */
  async #abandon(connection: DuckDBConnection, fetch: Promise<unknown>): Promise<void> {
    if (this.#connections.has(connection)) connection.interrupt();
    await fetch.catch(() => undefined);
  }

  /** Interrupts what runs, waits for it, and closes. A stream that is read on afterwards fails. May be called twice. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#running.size > 0) {
      for (const connection of this.#connections) connection.interrupt();
      await Promise.allSettled([...this.#running]);
    }
    for (const connection of [...this.#connections]) this.#disconnect(connection);
    this.#instance.closeSync();
  }

  async #run<T>(call: Promise<T>): Promise<T> {
    this.#running.add(call);
    try {
      return await call;
    } finally {
      this.#running.delete(call);
    }
  }

  async #take(): Promise<DuckDBConnection> {
    if (this.#failure) throw this.#failure;
    if (this.#isClosed) throw closed();
    const idle = this.#idle.pop();
    if (idle) return idle;
    const connection = await this.#run(this.#instance.connect());
    this.#connections.add(connection);
    try {
      if (this.#isClosed) throw closed();
      if (!this.#isLocked) await this.#run(connection.run(READY_ROWS_SETTING));
    } catch (error) {
      this.#disconnect(connection);
      throw this.#translated(error);
    }
    return connection;
  }

  #giveBack(connection: DuckDBConnection): void {
    if (this.#isClosed || this.#failure || this.#idle.length >= IDLE_MAX)
      this.#disconnect(connection);
    else this.#idle.push(connection);
  }

  #disconnect(connection: DuckDBConnection): void {
    if (this.#connections.delete(connection)) connection.closeSync();
  }

  #translated(error: unknown): unknown {
    if ((error as { name?: unknown } | null)?.name === 'ManagerError') return error;
    const text = String((error as { message?: unknown } | null)?.message ?? error);
    if (FATAL.test(text)) {
      this.#failure ??= new ManagerError(
        'ENGINE_FAILED',
        `DuckDB ended its instance: ${firstLine(text)}`,
        { cause: error },
      );
      return this.#failure;
    }
    return new ManagerError('QUERY_FAILED', `DuckDB: ${firstLine(text)}`, { cause: error });
  }
}

function closed(): ManagerError {
  return new ManagerError('MANAGER_CLOSED', 'A query was sent after its manager was closed');
}

function aborted(signal: AbortSignal): ManagerError {
  return new ManagerError('QUERY_ABORTED', 'The signal of the query fired', {
    cause: signal.reason,
  });
}

/** DuckDB shows the query below its message: that part may hold values. */
function firstLine(text: string): string {
  return text.split('\n', 1)[0] as string;
}
