import { isLockError, type OpenSqliteDatabase, openSqlite } from '@tb/locks';
import { APPLICATION_ID, assertMigrated, type Layout, type StoreName } from '@tb/schema';
import { ManagerError } from '../errors.ts';

const WAL_LIMIT_BYTES = 16 * 1024 * 1024;
/** The lock keeps other writers out, so a writer waits for nobody but a deposed one; waiting blocks the event loop. */
const WRITER_TIMEOUT_MS = 500;
/** For SQLite's own short locks: recovery of the WAL by the first connection. */
const READER_TIMEOUT_MS = 5_000;

/**
 * Opens an operational store that `initialiseRoot` made, after checking that it is ours and at the newest schema.
 * Integers come as bigint: ids and ns do not fit a JS number.
 *
 * A `read` connection is opened read-only by the engine, and `query_only` besides. A `write` connection commits with
 * `synchronous=FULL`: an order that was answered for survives a power cut. The other stores have it too; their writes are
 * few, and one rule is easier to trust than two (0.2 to 1 ms a commit).
 *
 * @throws `NOT_INITIALISED`, `STORE_FAILED`, `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`, `MIGRATION_EDITED`, `MIGRATION_UNKNOWN`
 */
export function openStore(
  layout: Layout,
  store: StoreName,
  access: 'read' | 'write',
): OpenSqliteDatabase {
  const db = openExisting(layout.storeDb(store), access === 'read');
  try {
    db.defaultSafeIntegers(true);
    if (access === 'read') db.pragma('query_only = ON');
    else prepareForWrites(db);
    const id = Number(db.pragma('application_id', { simple: true }));
    if (id !== APPLICATION_ID)
      throw new ManagerError(
        'STORE_FAILED',
        `${layout.storeDb(store)} has application id ${id}, ours is ${APPLICATION_ID}`,
      );
    assertMigrated(db, store);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function openExisting(path: string, readonly: boolean): OpenSqliteDatabase {
  try {
    return openSqlite(path, {
      readonly,
      mustExist: true,
      timeoutMs: readonly ? READER_TIMEOUT_MS : WRITER_TIMEOUT_MS,
    });
  } catch (error) {
    if (!isLockError(error, 'SQLITE_MISSING')) throw error;
    throw new ManagerError('NOT_INITIALISED', `${path} does not exist`, { cause: error });
  }
}

function prepareForWrites(db: OpenSqliteDatabase): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
}
