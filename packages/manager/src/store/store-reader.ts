import type { SqliteDatabase } from '@tb/locks';
import type { StoreName } from '@tb/schema';
import type { Kysely } from 'kysely';
import type { BodyContext } from './body-context.ts';
import { loadTransactionScope } from './load-transaction-scope.ts';
import { SqliteSession } from './sqlite-session.ts';
import { storeError } from './store-error.ts';
import type { TransactionScope } from './transaction-scope.ts';

const CONNECTIONS_MAX = 8;

interface Idle {
  readonly db: SqliteDatabase;
  readonly session: SqliteSession;
  /** Of the file that was opened. */
  readonly identity: string | undefined;
}

/** Where a store's connections come from. */
export interface StoreFile {
  open(): SqliteDatabase;
  /** Tells one file from another under the same path, without opening it. */
  identity(): string | undefined;
}

/**
 * Read-only connections to one store. Each read has one to itself, in one deferred transaction: one moment of the
 * store, whatever its writer does meanwhile. At most 8 are open; further reads wait, except those inside another read.
 */
export class StoreReader {
  readonly #store: StoreName;
  readonly #context: BodyContext;
  readonly #file: StoreFile;
  readonly #idle: Idle[] = [];
  readonly #waiting: (() => void)[] = [];
  #inUse = 0;

  constructor(store: StoreName, context: BodyContext, file: StoreFile) {
    this.#store = store;
    this.#context = context;
    this.#file = file;
  }

  /** Runs the body on one snapshot. Inside another read of the same store it shares that snapshot. */
  async read<Tables, T>(body: (db: Kysely<Tables>) => Promise<T>): Promise<T> {
    const around = this.#context.find(
      (outer) => outer.access === 'read' && outer.store === this.#store,
    );
    if (around) return body((around.scope as TransactionScope<Tables>).tables);
    const isNested = this.#context.find((outer) => outer.access === 'read') !== undefined;
    const Scope = await loadTransactionScope();
    const connection = await this.#take(isNested);
    try {
      return await this.#readOn(connection, Scope, body);
    } finally {
      this.#giveBack(connection);
    }
  }

  async #readOn<Tables, T>(
    { session }: Idle,
    Scope: typeof TransactionScope,
    body: (db: Kysely<Tables>) => Promise<T>,
  ): Promise<T> {
    try {
      session.control('BEGIN');
      session.control('SELECT 1 FROM schema_migrations LIMIT 1'); // BEGIN takes no snapshot, the first read does
    } catch (error) {
      throw storeError(error, this.#store);
    }
    const scope = new Scope<Tables>(session, 'read', this.#store);
    const running = {
      access: 'read' as const,
      store: this.#store,
      scope: scope as unknown as TransactionScope<unknown>,
    };
    try {
      return await this.#context.run(running, () => body(scope.tables));
    } finally {
      scope.end();
      if (session.inTransaction) session.control('ROLLBACK');
    }
  }

  async #take(isNested: boolean): Promise<Idle> {
    // A read inside a read must not wait: the one around it may hold the last connection.
    while (this.#inUse >= CONNECTIONS_MAX && !isNested)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#inUse += 1;
    try {
      const identity = this.#file.identity();
      for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
        if (idle.identity === identity) return idle;
        idle.db.close(); // a restore put another file in its place: this one would show the old rows for ever
      }
      const db = this.#file.open();
      return { db, session: new SqliteSession(db, this.#store), identity };
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  #giveBack(connection: Idle): void {
    if (connection.session.inTransaction || this.#idle.length >= CONNECTIONS_MAX)
      connection.db.close(); // a snapshot that would not end is not lent again
    else this.#idle.push(connection);
    this.#release();
  }

  #release(): void {
    this.#inUse -= 1;
    this.#waiting.shift()?.();
  }

  /** Closes every idle connection. The manager lets running reads end first. */
  close(): void {
    for (const { db } of this.#idle.splice(0)) db.close();
  }
}
