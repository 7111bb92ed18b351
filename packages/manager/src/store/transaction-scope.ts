import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { ManagerError } from '../errors.ts';
import type { SqliteSession } from './sqlite-session.ts';

/**
 * Kysely over one transaction that the manager began and will end. A query sent after the end, or after the engine
 * rolled back by itself, would run as a transaction of its own, without an epoch check: it is refused.
 */
export class TransactionScope<Tables> implements Driver, DatabaseConnection {
  readonly tables: Kysely<Tables>;
  readonly #session: SqliteSession;
  readonly #access: 'read' | 'write';
  readonly #store: string;
  #isOpen = true;

  constructor(session: SqliteSession, access: 'read' | 'write', store: string) {
    this.#session = session;
    this.#access = access;
    this.#store = store;
    this.tables = new Kysely<Tables>({ dialect: dialectOf(this) });
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** From now on every query is refused. */
  end(): void {
    this.#isOpen = false;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    if (!this.#isOpen || !this.#session.inTransaction)
      throw new ManagerError(
        'TRANSACTION_ENDED',
        this.#isOpen
          ? `The engine rolled back the transaction on ${this.#store} after an earlier error`
          : `A query reached ${this.#store} after the body of its ${this.#access} had ended`,
      );
    return this.#session.execute<R>(query);
  }

  // biome-ignore lint/correctness/useYield: the interface wants a generator, and this one refuses
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    // An iterator left alone pins the WAL like an open transaction: 64 MB a million rows.
    throw new TypeError('stream() is not offered on SQLite: page with limit and a key');
  }

  async init(): Promise<void> {}
  async destroy(): Promise<void> {}
  async releaseConnection(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this;
  }

  async beginTransaction(): Promise<void> {
    throw new ManagerError(
      'NESTED_WRITE',
      `A transaction was begun inside a ${this.#access} of ${this.#store}, which is one already`,
    );
  }

  async commitTransaction(): Promise<void> {}
  async rollbackTransaction(): Promise<void> {}
}

function dialectOf(driver: Driver): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driver,
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
