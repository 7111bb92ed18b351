import type { SqliteDatabase } from '@tb/locks';
import type { StoreName } from '@tb/schema';
import type { Kysely } from 'kysely';
import { ManagerError } from '../errors.ts';
import type { BodyContext } from './body-context.ts';
import { loadTransactionScope } from './load-transaction-scope.ts';
import { SqliteSession } from './sqlite-session.ts';
import { sqliteCodeOf, storeError } from './store-error.ts';
import type { TransactionScope } from './transaction-scope.ts';

/** The part of a WriterLock that a write needs. */
export interface EpochCheck {
  assertHeld(): void;
  /** @throws `FENCED` when this lock's epoch is no longer the one in the database. */
  checkEpoch(db: SqliteDatabase): void;
}

/** One write connection under one lock: BEGIN IMMEDIATE, epoch check, body, COMMIT or ROLLBACK. */
export class StoreWriter {
  readonly #store: StoreName;
  readonly #db: SqliteDatabase;
  readonly #session: SqliteSession;
  readonly #lock: EpochCheck;
  readonly #context: BodyContext;
  #failure: ManagerError | undefined;

  constructor(store: StoreName, db: SqliteDatabase, lock: EpochCheck, context: BodyContext) {
    this.#store = store;
    this.#db = db;
    this.#session = new SqliteSession(db, store);
    this.#lock = lock;
    this.#context = context;
  }

  /** Calls must not overlap: the manager queues them. */
  async write<Tables, T>(body: (tx: Kysely<Tables>) => Promise<T>): Promise<T> {
    const Scope = await loadTransactionScope();
    if (this.#failure) throw this.#failure;
    this.#lock.assertHeld();
    this.#begin();
    const scope = new Scope<Tables>(this.#session, 'write', this.#store);
    const running = {
      access: 'write' as const,
      store: this.#store,
      scope: scope as unknown as TransactionScope<unknown>,
    };
    let result: T;
    try {
      result = await this.#context.run(running, () => body(scope.tables));
    } catch (error) {
      scope.end();
      this.#rollback();
      throw error;
    }
    scope.end();
    this.#commit();
    return result;
  }

  /** The check stands inside the transaction: SQLite lets nobody raise the epoch between it and COMMIT. */
  #begin(): void {
    try {
      this.#session.control('BEGIN IMMEDIATE');
    } catch (error) {
      throw storeError(error, this.#store);
    }
    try {
      this.#lock.checkEpoch(this.#db);
    } catch (error) {
      this.#rollback();
      throw storeError(error, this.#store);
    }
  }

  #commit(): void {
    if (!this.#session.inTransaction)
      throw new ManagerError(
        'TRANSACTION_ENDED',
        `The engine rolled back the transaction on ${this.#store}, and the body hid the error`,
      );
    try {
      this.#session.control('COMMIT');
    } catch (error) {
      this.#afterFailedCommit(error);
    }
  }

  /**
   * After a failed fsync the next one may say yes though the pages are gone, so the connection commits nothing more.
   * A full disk is not such a case: SQLite wrote nothing that counts, and rolls back.
   */
  #afterFailedCommit(error: unknown): never {
    const code = sqliteCodeOf(error);
    const isClean = code === 'SQLITE_FULL' || code === 'SQLITE_BUSY';
    if (isClean) {
      this.#rollback();
      throw storeError(error, this.#store);
    }
    this.#failure = new ManagerError(
      'COMMIT_UNCERTAIN',
      `COMMIT on ${this.#store} gave ${code ?? String(error)}; this manager writes no more`,
      { cause: error },
    );
    throw this.#failure;
  }

  #rollback(): void {
    if (!this.#session.inTransaction) return; // FULL, IOERR and NOMEM roll back by themselves
    try {
      this.#session.control('ROLLBACK');
    } catch (error) {
      this.#failure = new ManagerError(
        'STORE_FAILED',
        `ROLLBACK on ${this.#store} gave ${sqliteCodeOf(error) ?? String(error)}; this manager writes no more`,
        { cause: error },
      );
      throw this.#failure;
    }
  }
}
