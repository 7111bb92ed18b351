import { existsSync } from 'node:fs';
import { isLockError, openSqlite, type SqliteDatabase } from '@tb/locks';
import { assertExchange, assertMigrated, isSchemaError } from '@tb/schema';
import { LiveError } from './errors.ts';
import { LiveCache } from './live-cache.ts';
import type { LiveReader, LiveReaderOptions } from './live-reader.ts';
import { assertNotLost } from './lost-database.ts';
import { SqliteLiveReader } from './sqlite-live-reader.ts';

/** Readers wait for SQLite's own short locks (recovery of the WAL by the first connection), never for the writer. */
const BUSY_TIMEOUT_MS = 5_000;

/** See `LiveReader.open`. */
export function openLiveReader({
  layout,
  exchange,
  candles = 'all',
}: LiveReaderOptions): LiveReader {
  assertExchange(exchange);
  assertNotLost(layout, exchange);
  const path = layout.liveDb(exchange);
  const wasThere = existsSync(path);
  let db: SqliteDatabase;
  try {
    db = openSqlite(path, { readonly: true, timeoutMs: BUSY_TIMEOUT_MS });
  } catch (cause) {
    // A file that is born between two looks gives another error than one that is not there.
    throw !wasThere || isLockError(cause, 'SQLITE_MISSING') ? absent(exchange, cause) : cause;
  }
  try {
    db.pragma('query_only = ON');
    assertSchema(db, exchange);
    db.defaultSafeIntegers(true);
    return new SqliteLiveReader(
      exchange,
      db,
      new LiveCache(db, exchange, layout.liveDir(exchange), candles),
    );
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * A file without a version is a buffer that is just being made; anything else is a schema that is not ours. The version
 * is read first: the writer may finish in between.
 */
function assertSchema(db: SqliteDatabase, exchange: string): void {
  const isNew = Number(db.pragma('user_version', { simple: true })) === 0;
  try {
    assertMigrated(db, 'live');
  } catch (cause) {
    throw isNew && isSchemaError(cause, 'SCHEMA_TOO_OLD') ? absent(exchange, cause) : cause;
  }
}

function absent(exchange: string, cause: unknown): LiveError {
  return new LiveError('LIVE_ABSENT', `There is no live buffer of ${exchange} yet`, { cause });
}
