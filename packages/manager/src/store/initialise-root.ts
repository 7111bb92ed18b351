import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  Disposal,
  isLockError,
  isLockLeftover,
  type OpenSqliteDatabase,
  openSqlite,
  translateSqliteError,
  WriterLock,
} from '@tb/locks';
import {
  assertMigrated,
  isSchemaError,
  type Layout,
  type MigratedDatabase,
  migrate,
  migrationsOf,
  SCHEMA_VERSION,
  SchemaError,
  syncFolder,
} from '@tb/schema';
import { makeDirectory, replaceTextFile } from './durable-file.ts';
import { compareVersions, exists, findSchemaVersion, STORES } from './schema-version.ts';

export interface InitialiseOptions {
  /** How long to wait for the writer of a database that needs a migration. Default 0. */
  readonly waitMs?: number | undefined;
  /** Stands in the migration ledger. Default: the schema version. */
  readonly toolVersion?: string | undefined;
}

/** What `initialiseRoot` found and did with one SQLite database. */
export interface InitialisedDatabase {
  /** `manifest`, `trading`, ..., or `live` of one exchange. */
  readonly database: MigratedDatabase;
  readonly exchange?: string | undefined;
  readonly path: string;
  readonly status: 'created' | 'upgraded' | 'unchanged';
  /** Migrations applied now. */
  readonly migrations: number;
}

export interface InitialisedRoot {
  /** `already_initialised` when nothing had to be done. */
  readonly status: 'created' | 'completed' | 'upgraded' | 'already_initialised';
  readonly schemaVersion: string;
  readonly databases: readonly InitialisedDatabase[];
}

interface Target {
  readonly database: MigratedDatabase;
  readonly exchange?: string | undefined;
  readonly path: string;
}

/**
 * Makes a data root, completes one that was left half made, or brings one to the newest schema. Each database is changed
 * under its writer lock, one transaction a migration; one that is up to date is only read, so running services are not
 * disturbed. The version file comes last: without it the root counts as not initialised. What a killed run left behind is
 * tidied. Live buffers appear with their first ingestor; those that exist are upgraded.
 *
 * @throws `LOCK_HELD` when a database that needs a migration has a writer; `SCHEMA_TOO_NEW`, `MIGRATION_EDITED`,
 *   `MIGRATION_UNKNOWN`
 */
export async function initialiseRoot(
  layout: Layout,
  options: InitialiseOptions = {},
): Promise<InitialisedRoot> {
  const found = await findSchemaVersion(layout);
  if (found !== undefined && compareVersions(found, SCHEMA_VERSION) > 0)
    throw new SchemaError(
      'SCHEMA_TOO_NEW',
      `The data root is at schema ${found}, this version is at ${SCHEMA_VERSION}`,
    );
  for (const folder of [
    layout.marketData,
    layout.liveBuffer,
    ...STORES.map((store) => layout.storeDir(store)),
    layout.runsDir,
    layout.backups,
    layout.quarantine,
    layout.legacy,
    layout.calendars,
  ])
    await makeDirectory(folder);
  const databases: InitialisedDatabase[] = [];
  for (const target of await targetsOf(layout)) {
    const database = await bringUp(target, options);
    databases.push(database);
    if (database.status === 'unchanged') await tidyLock(dirname(target.path));
  }
  if (found !== SCHEMA_VERSION) await writeVersion(layout, options);
  return { status: statusOf(found, databases), schemaVersion: SCHEMA_VERSION, databases };
}

async function targetsOf(layout: Layout): Promise<Target[]> {
  const targets: Target[] = [
    { database: 'manifest', path: layout.manifest },
    ...STORES.map((store) => ({ database: store, path: layout.storeDb(store) })),
  ];
  for (const entry of await readdir(layout.liveBuffer, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const path = layout.liveDb(entry.name);
    if (await exists(path)) targets.push({ database: 'live', exchange: entry.name, path });
  }
  return targets;
}

async function bringUp(target: Target, options: InitialiseOptions): Promise<InitialisedDatabase> {
  const isNew = !(await exists(target.path));
  if (!isNew && isUpToDate(target)) return { ...target, status: 'unchanged', migrations: 0 };
  const migrations = await migrateUnderLock(target, options);
  // An existing file without a migration is one whose creation was cut short.
  const isFirst = isNew || migrations === migrationsOf(target.database).length;
  return { ...target, status: isFirst ? 'created' : 'upgraded', migrations };
}

/** Reads only. @throws what `assertMigrated` throws, except for pending migrations */
function isUpToDate(target: Target): boolean {
  let db: OpenSqliteDatabase | undefined;
  try {
    db = openSqlite(target.path, { readonly: true });
    return isMigrated(db, target) && db.pragma('journal_mode', { simple: true }) === 'wal';
  } catch (error) {
    if (hasHotJournal(error)) return false;
    throw translateSqliteError(error, target.path);
  } finally {
    db?.close();
  }
}

function isMigrated(db: OpenSqliteDatabase, target: Target): boolean {
  try {
    assertMigrated(db, target.database);
    return true;
  } catch (error) {
    if (isSchemaError(error, 'SCHEMA_TOO_OLD')) return false;
    throw error;
  }
}

/** Its last transaction was cut short before the file was in WAL mode: the next connection that may write rolls it back. */
function hasHotJournal(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown } };
  return isLockError(error, 'SQLITE_DENIED') && cause?.code === 'SQLITE_READONLY_ROLLBACK';
}

async function migrateUnderLock(target: Target, options: InitialiseOptions): Promise<number> {
  await using held = new Disposal();
  let lock: WriterLock | undefined;
  held.defer(() => lock?.release()); // first in, last out: the connection closes under the lock
  const db = openSqlite(target.path);
  held.defer(() => void db.close());
  prepare(db, target);
  const folder = dirname(target.path);
  lock = await WriterLock.acquire(folder, {
    fence: db,
    purpose: 'init',
    waitMs: options.waitMs ?? 0,
  });
  const count = migrateOn(db, target, options);
  lock.assertHeld();
  await syncFolder(folder);
  return count;
}

function prepare(db: OpenSqliteDatabase, target: Target): void {
  try {
    isMigrated(db, target); // throws for a foreign file, before its journal mode is changed
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
  } catch (error) {
    throw translateSqliteError(error, target.path);
  }
}

function migrateOn(db: OpenSqliteDatabase, target: Target, options: InitialiseOptions): number {
  try {
    return migrate(db, target.database, options.toolVersion ?? SCHEMA_VERSION);
  } catch (error) {
    throw translateSqliteError(error, target.path);
  }
}

/** Taking the lock removes what a holder that was killed left of it. One that is held was tidied by its holder. */
async function tidyLock(folder: string): Promise<void> {
  if (!(await readdir(folder)).some(isLockLeftover)) return;
  try {
    await (await WriterLock.acquire(folder, { purpose: 'init' })).release();
  } catch (error) {
    if (!isLockError(error, 'LOCK_HELD')) throw error;
  }
}

async function writeVersion(layout: Layout, options: InitialiseOptions): Promise<void> {
  await using lock = await WriterLock.acquire(layout.marketData, {
    purpose: 'init',
    waitMs: options.waitMs ?? 0,
  });
  lock.assertHeld();
  await replaceTextFile(layout.schemaVersionFile, `${SCHEMA_VERSION}\n`);
}

function statusOf(
  found: string | undefined,
  databases: readonly InitialisedDatabase[],
): InitialisedRoot['status'] {
  const changed = databases.filter(({ status }) => status !== 'unchanged');
  if (found === undefined) return changed.length === databases.length ? 'created' : 'completed';
  if (changed.length === 0 && found === SCHEMA_VERSION) return 'already_initialised';
  return changed.some(({ status }) => status === 'created') ? 'completed' : 'upgraded';
}
