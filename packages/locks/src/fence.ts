import { LockError } from './errors.ts';
import type { SqliteDatabase } from './sqlite.ts';

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

const SELECT = 'SELECT epoch, token FROM writer_fence WHERE id = 1';

/**
 * Throws `FENCED` unless the database still carries this writer's epoch. Exact only inside a transaction: SQLite
 * serialises it with the bump of the next writer, so a row lands before the new epoch or not at all.
 *
 * @param db Any connection to the database that the epoch was issued in, inside a transaction.
 * @throws `FENCED`; TypeError outside a transaction.
 */
export function checkEpoch(db: SqliteDatabase, key: FenceKey): void {
  if (!db.inTransaction) throw new TypeError('checkEpoch must be called inside a transaction');
  compareFence(readFence(db), key, db.name);
}

/** @internal The stored fence; undefined when the table or its row is missing. */
export function readFence(db: SqliteDatabase): FenceKey | undefined {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'writer_fence'").get();
  return known === undefined ? undefined : (db.prepare(SELECT).get() as FenceKey | undefined);
}

/** @internal */
export function compareFence(stored: FenceKey | undefined, key: FenceKey, file: string): void {
  // With defaultSafeIntegers the epoch comes as a bigint.
  if (stored !== undefined && Number(stored.epoch) === key.epoch && stored.token === key.token)
    return;
  throw new LockError(
    'FENCED',
    stored === undefined
      ? `${file} has no fence row, this writer's epoch is ${key.epoch}`
      : `This writer's epoch ${key.epoch} was superseded by epoch ${stored.epoch} in ${file}`,
  );
}
