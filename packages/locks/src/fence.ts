import { errnoOf } from './errno.ts';
import { LockError } from './errors.ts';
import { translateSqliteError } from './open-sqlite.ts';
import type { SqliteDatabase, SqliteStatement } from './sqlite.ts';

/** One row: the epoch and token of the last writer. In manifest.db, live.db, trading.db, signals.db, config.db, index.db. */
export const FENCE_DDL = `CREATE TABLE IF NOT EXISTS writer_fence (
  id    INTEGER PRIMARY KEY CHECK (id = 1),
  epoch INTEGER NOT NULL,
  token TEXT NOT NULL
) STRICT`;

/** What a writer was given when it acquired. */
export interface FenceKey {
  readonly epoch: number;
  readonly token: string;
}

/**
 * Throws `FENCED` unless the database still carries this writer's epoch. Exact only inside a transaction: SQLite
 * serialises it with the bump of the next writer, so a row lands before the new epoch or not at all.
 *
 * @param db Any connection to the database that the epoch was issued in, inside a transaction.
 * @throws `FENCED`; TypeError outside a transaction.
 */
export function checkEpoch(db: SqliteDatabase, key: FenceKey): void {
  if (!db.inTransaction) throw new TypeError('checkEpoch must be called inside a transaction');
  const fenced = fencedBy(fenceStatement(db)?.get(), key, db.name);
  if (fenced !== undefined) throw fenced;
}

/** Compiled once a connection: the check stands in every write transaction. */
const statements = new WeakMap<SqliteDatabase, SqliteStatement>();

/** Undefined while the database has no fence table. */
function fenceStatement(db: SqliteDatabase): SqliteStatement | undefined {
  const known = statements.get(db);
  if (known !== undefined) return known;
  if (db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'writer_fence'").get() === undefined)
    return undefined;
  // Under defaultSafeIntegers the epoch would come as a bigint.
  const statement = db
    .prepare('SELECT epoch, token FROM writer_fence WHERE id = 1')
    .safeIntegers(false);
  statements.set(db, statement);
  return statement;
}

/** Undefined when the stored fence is the key. */
function fencedBy(stored: unknown, key: FenceKey, file: string): LockError | undefined {
  const fence = stored as FenceKey | undefined;
  if (fence?.epoch === key.epoch && fence.token === key.token) return undefined;
  const message =
    fence === undefined
      ? `${file} has no fence row, this writer's epoch is ${key.epoch}`
      : `This writer's epoch ${key.epoch} was superseded by epoch ${fence.epoch} in ${file}`;
  return new LockError('FENCED', message);
}

/**
 * @internal Issues the next epoch inside the database: one above the highest that database or record know.
 * @returns undefined when somebody is inside a write transaction.
 * @throws `GUARD_READONLY` when the database is not writable, and what `translateSqliteError` gives.
 */
export function issueEpoch(
  db: SqliteDatabase,
  recordEpoch: number,
  token: string,
): number | undefined {
  const timeout = Number(db.pragma('busy_timeout', { simple: true }));
  const synchronous = Number(db.pragma('synchronous', { simple: true }));
  try {
    db.pragma('busy_timeout = 0');
    // No epoch may be issued twice after a power cut. In WAL mode EXTRA is FULL; with a journal it syncs the folder too.
    db.pragma('synchronous = EXTRA');
    db.exec('BEGIN IMMEDIATE');
    db.exec(FENCE_DDL);
    const epoch =
      Math.max((fenceStatement(db)?.get() as FenceKey | undefined)?.epoch ?? 0, recordEpoch) + 1;
    db.prepare('INSERT OR REPLACE INTO writer_fence (id, epoch, token) VALUES (1, ?, ?)').run(
      epoch,
      token,
    );
    db.exec('COMMIT');
    return epoch;
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    if (/^SQLITE_BUSY/.test(errnoOf(error))) return undefined;
    if (errnoOf(error).startsWith('SQLITE_READONLY'))
      throw new LockError('GUARD_READONLY', `${db.name} is not writable`, { cause: error });
    throw translateSqliteError(error, db.name);
  } finally {
    db.pragma(`synchronous = ${synchronous}`);
    db.pragma(`busy_timeout = ${timeout}`);
  }
}

/** @internal Transactions that check the epoch first, with statements compiled once. */
export class FencedWriter {
  readonly #db: SqliteDatabase;
  readonly #key: FenceKey;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #rollback: SqliteStatement;

  constructor(db: SqliteDatabase, key: FenceKey) {
    this.#db = db;
    this.#key = key;
    this.#begin = db.prepare('BEGIN IMMEDIATE');
    this.#commit = db.prepare('COMMIT');
    this.#rollback = db.prepare('ROLLBACK');
  }

  /** @param onFenced Told before FENCED is thrown, after the rollback. */
  run<T>(body: (db: SqliteDatabase) => T, onFenced: (error: LockError) => void): T {
    const db = this.#db;
    if (db.inTransaction) throw new TypeError('lock.write cannot be used inside a transaction');
    this.#step(this.#begin);
    try {
      const fenced = fencedBy(fenceStatement(db)?.get(), this.#key, db.name);
      if (fenced !== undefined) {
        this.#rollback.run();
        onFenced(fenced);
        throw fenced;
      }
      const result = body(db);
      if (typeof (result as { then?: unknown } | null | undefined)?.then === 'function')
        throw new TypeError('The body of lock.write returned a promise; it must be synchronous');
      if (!db.inTransaction)
        throw new TypeError('The body of lock.write ended its transaction itself');
      this.#step(this.#commit);
      return result;
    } catch (error) {
      // SQLite rolls back by itself on a full disk, among others.
      if (db.inTransaction) this.#rollback.run();
      throw error;
    }
  }

  #step(statement: SqliteStatement): void {
    try {
      statement.run();
    } catch (error) {
      throw translateSqliteError(error, this.#db.name);
    }
  }
}
