import { open, rename } from 'node:fs/promises';
import {
  Disposal,
  type LockEvent,
  openSqlite,
  type SqliteDatabase,
  translateSqliteError,
  WriterLock,
} from '@tb/locks';
import {
  assertMigrated,
  createFolder,
  type Layout,
  migrate,
  SCHEMA_VERSION,
  syncFolder,
} from '@tb/schema';
import type { BuiltFile } from './day-file.ts';
import { findStats } from './file-stats.ts';
import { Manifest } from './manifest.ts';
import type { ManifestSnapshot } from './manifest-snapshot.ts';
import { type Published, type PublishOptions, publishRows } from './publish.ts';
import { registerSids } from './sids.ts';
import { removeUnlistedFiles } from './unlisted.ts';
import { WRITER_VERSION } from './version.ts';

/** How to become the writer of market_data. */
export interface ManifestWriterOptions {
  readonly layout: Layout;
  /** Stands in the lock's record: `rollover`, `import`. */
  readonly purpose: string;
  /** How long to wait for another writer. Default 0. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: LockEvent) => void) | undefined;
  /** ns UTC; the clock by default. */
  readonly now?: (() => bigint) | undefined;
}

/**
 * The writer of the manifest: holds `market_data/.writer.lock`. Meant to be held for a publication, not for life. Every
 * change runs in one transaction with the epoch checked inside it: a deposed writer publishes nothing.
 */
export class ManifestWriter implements AsyncDisposable {
  readonly layout: Layout;
  readonly lock: WriterLock;
  readonly #db: SqliteDatabase;
  readonly #reader: Manifest;
  readonly #now: () => bigint;

  private constructor(
    options: ManifestWriterOptions,
    db: SqliteDatabase,
    reader: Manifest,
    lock: WriterLock,
  ) {
    this.layout = options.layout;
    this.#db = db;
    this.#reader = reader;
    this.lock = lock;
    this.#now = options.now ?? clockNs;
  }

  /**
   * Takes the lock of market_data and opens the manifest.
   * @throws the codes of `WriterLock.acquire`; `SQLITE_MISSING` when there is no manifest; `SCHEMA_TOO_OLD`,
   *   `SCHEMA_TOO_NEW`, `MIGRATION_*`.
   */
  static async open(options: ManifestWriterOptions): Promise<ManifestWriter> {
    await using held = new Disposal();
    const db = openSqlite(options.layout.manifest, { mustExist: true });
    held.defer(() => void db.close());
    db.defaultSafeIntegers(true);
    db.pragma('synchronous = FULL');
    assertMigrated(db, 'manifest');
    const lock = held.use(await acquire(options, db));
    const reader = Manifest.openReader(options.layout);
    held.move();
    return new ManifestWriter(options, db, reader, lock);
  }

  /** The manifest as it is now. */
  snapshot(): ManifestSnapshot {
    return this.#reader.snapshot();
  }

  /** ns UTC by the clock of this writer. */
  now(): bigint {
    return this.#now();
  }

  /**
   * sids of symbols; a symbol that the exchange never had gets the next one.
   * @param tradingDate Recorded as the first date of a new symbol.
   */
  async sidsOf(
    exchange: string,
    symbols: readonly string[],
    tradingDate: string,
  ): Promise<ReadonlyMap<string, number>> {
    return this.write((db) => registerSids(db, exchange, symbols, tradingDate));
  }

  /**
   * The commit point: one fenced transaction that makes all files visible at once. The files stand under their final
   * names already (`placeFiles`).
   *
   * @throws `ALREADY_PUBLISHED`, `CORRECTION_REQUIRED`, `MANIFEST_MOVED`, `BUILT_FILE_LOST`; `FENCED`, `LOCK_LOST`.
   *   Nothing is published then.
   */
  publish(files: readonly BuiltFile[], options: PublishOptions = {}): Published {
    return this.write((db) => publishRows(db, this.layout, files, options, this.#now()));
  }

  /**
   * Unlinks the files of a trading date that the manifest does not list, temporary ones too: what a crash left between
   * placing and publishing. Inside a fenced transaction, so that a deposed process cannot unlink what was published since.
   * @param except Relative paths to keep: files that were just built.
   * @returns Relative paths of what was removed.
   */
  removeUnlisted(
    exchange: string,
    tradingDate: string,
    except: readonly string[] = [],
  ): readonly string[] {
    return this.write((db) => removeUnlistedFiles(db, this.layout, exchange, tradingDate, except));
  }

  /**
   * One fenced transaction over manifest.db, for the functions of this package.
   * @throws what `body` throws, after a rollback; `FENCED`, `LOCK_LOST`, `LOCK_RELEASED`, `SQLITE_BUSY`, `NO_SPACE`.
   */
  write<T>(body: (db: SqliteDatabase) => T): T {
    return this.lock.write(body);
  }

  /** Closes the manifest, then gives the lock back. May be called twice. */
  async close(): Promise<void> {
    this.#reader.close();
    if (this.#db.open) this.#db.close();
    await this.lock.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Creates market_data with an empty manifest and `.schema_version`, or brings an existing one to the newest schema.
 * Idempotent; completes what a crash left half made.
 * @returns Number of migrations applied.
 */
export async function initialiseMarketData(options: ManifestWriterOptions): Promise<number> {
  const { layout } = options;
  await createFolder(layout.marketData);
  await using held = new Disposal();
  const db = openSqlite(layout.manifest);
  held.defer(() => void db.close());
  db.pragma('synchronous = FULL');
  held.use(await acquire(options, db));
  const applied = asLockError(layout.manifest, () => {
    db.pragma('journal_mode = WAL');
    return migrate(db, 'manifest', WRITER_VERSION);
  });
  await writeSchemaVersion(layout);
  await syncFolder(layout.marketData);
  return applied;
}

function acquire(options: ManifestWriterOptions, fence: SqliteDatabase): Promise<WriterLock> {
  const { layout, purpose, waitMs, signal, onEvent } = options;
  return WriterLock.acquire(layout.marketData, { fence, purpose, waitMs, signal, onEvent });
}

function asLockError<T>(path: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw translateSqliteError(error, path);
  }
}

async function writeSchemaVersion(layout: Layout): Promise<void> {
  if (await findStats(layout.schemaVersionFile)) return;
  const temporary = `${layout.schemaVersionFile}.tmp`;
  const file = await open(temporary, 'w');
  try {
    await file.writeFile(`${SCHEMA_VERSION}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, layout.schemaVersionFile);
}

function clockNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
