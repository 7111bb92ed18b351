import { randomUUID } from 'node:crypto';
import { unlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  FENCE_DDL,
  isLockError,
  openSqlite,
  type SqliteDatabase,
  translateSqliteError,
  WriterLock,
} from '@tb/locks';
import {
  assertMigrated,
  type DayFileKey,
  isSchemaError,
  migrate,
  STORED_TIMEFRAMES,
} from '@tb/schema';
import { dayFileLabel } from './day-file.ts';
import { namesIn } from './day-folders.ts';
import type { DuckConnection } from './duck.ts';
import { HistoryError } from './errors.ts';
import { findStats } from './file-stats.ts';
import { type DescribedFile, describeFile, findFiles } from './inventory.ts';
import type { ManifestWriterOptions } from './manifest-writer.ts';
import { insertFile } from './publish.ts';
import {
  addSymbol,
  type Symbols,
  symbolsOfFiles,
  symbolsOfLiveBuffers,
  symbolsOfManifest,
} from './rebuild-symbols.ts';
import { emptyLog, swapManifest } from './swap-manifest.ts';
import { WRITER_VERSION } from './version.ts';

const TEMP_MANIFEST = '.tmp-manifest-';

/** What a rebuild did. */
export interface RebuildResult {
  readonly version: number;
  readonly files: number;
  readonly symbols: number;
  /** Absolute path that the old manifest went to; undefined when there was none. */
  readonly oldManifest: string | undefined;
  /** Whether corrections, times of publication and months could be taken over from the old manifest. */
  readonly tookOver: boolean;
  /**
   * `exchange date` of trading dates that lack a timeframe that is always built: files were lost, or a crash came between
   * placing and publishing, which the files alone cannot tell from a publication.
   */
  readonly incomplete: readonly string[];
}

/**
 * Makes the manifest anew from the files' own tables: every file is read whole, and must be what its name says. Symbols
 * come from the files, the old manifest where it is readable, and the live buffers. Holds the lock of market_data. The
 * new manifest is complete before it takes the place of the old one, which is kept in quarantine/.
 *
 * Corrections, times of publication, pruned revisions and months are not in the files: they are taken over from an old
 * manifest that is readable, else they are lost (the time of a file stands for its publication). A backup has them.
 *
 * @throws `SID_CONFLICT` when two sources disagree on a sid; `DAY_FILE_CORRUPT` for a file that is not what it should be:
 *   quarantine it first. The old manifest is untouched then.
 */
export async function rebuildManifest(
  connection: DuckConnection,
  options: ManifestWriterOptions,
): Promise<RebuildResult> {
  const { layout, purpose, waitMs, signal, onEvent } = options;
  // No fence: the database that would hold it is what is being replaced.
  await using lock = await WriterLock.acquire(layout.marketData, {
    ...{ purpose, waitMs, signal, onEvent },
  });
  const old = (await findStats(layout.manifest)) !== undefined && isReadable(layout.manifest);
  const pruned = old ? prunedLabels(layout.manifest) : new Set();
  const found: DescribedFile[] = [];
  for (const file of findFiles(layout))
    if (!pruned.has(dayFileLabel(file.key)))
      found.push(await describeFile(connection, layout, file));
  const described = withoutHotCopies(found);
  const symbols = symbolsOfFiles(described);
  const others = [...(old ? symbolsOfManifest(layout) : []), ...symbolsOfLiveBuffers(layout)];
  for (const one of others) addSymbol(symbols, one.sid, one.exchange, one.symbol, one.date);
  for (const name of namesIn(layout.marketData))
    if (name.startsWith(TEMP_MANIFEST)) unlinkSync(join(layout.marketData, name));
  const temporary = join(layout.marketData, `${TEMP_MANIFEST}${randomUUID()}.db`);
  const now = (options.now ?? clockNs)();
  const version = writeManifest(
    temporary,
    old ? layout.manifest : undefined,
    described,
    symbols,
    now,
    lock,
  );
  lock.assertHeld();
  const oldManifest = await swapManifest(layout, temporary, old);
  return {
    ...{ version, oldManifest, tookOver: old },
    files: described.length,
    symbols: symbols.size,
    incomplete: incompleteDates(described),
  };
}

/** Pruned files, and hot copies of pruned archives, may wait on the disk to be removed; their records are taken over. */
function prunedLabels(manifest: string): ReadonlySet<string> {
  const db = openSqlite(manifest, { readonly: true });
  try {
    const rows = db
      .prepare(
        `SELECT exchange, kind, timeframe, trading_date AS tradingDate, revision FROM files WHERE tier = 'pruned'`,
      )
      .all() as DayFileKey[]; // exactly its fields
    return new Set(rows.map(dayFileLabel));
  } finally {
    db.close();
  }
}

/** An archived file may have its hot copy beside it for a minute: then the archive counts. */
function withoutHotCopies(found: readonly DescribedFile[]): readonly DescribedFile[] {
  const byKey = new Map<string, DescribedFile>();
  for (const one of found) {
    const key = dayFileLabel(one.record);
    const other = byKey.get(key);
    if (other && other.record.contentHash !== one.record.contentHash)
      throw new HistoryError(
        'DAY_FILE_CORRUPT',
        `${other.record.path} and ${one.record.path} are both ${key}, with other rows`,
      );
    byKey.set(key, one); // archives come last in the inventory
  }
  return [...byKey.values()];
}

/** Whoever builds ticks builds 1m, and whoever builds 1m builds all wider timeframes. */
function incompleteDates(described: readonly DescribedFile[]): readonly string[] {
  const built = new Map<string, Set<string>>();
  for (const { record } of described) {
    const date = `${record.exchange} ${record.tradingDate}`;
    built.set(date, (built.get(date) ?? new Set()).add(record.timeframe));
  }
  return [...built]
    .filter(([, timeframes]) => {
      if (!timeframes.has('') && !timeframes.has('1m')) return false;
      return STORED_TIMEFRAMES.some((timeframe) => !timeframes.has(timeframe));
    })
    .map(([date]) => date)
    .sort();
}

/** Whether every page of the old manifest can be read and it is one of ours. @throws `SCHEMA_TOO_NEW` */
function isReadable(path: string): boolean {
  let db: SqliteDatabase | undefined;
  try {
    db = openSqlite(path, { readonly: true });
    assertMigrated(db, 'manifest');
    return db.pragma('integrity_check', { simple: true }) === 'ok';
  } catch (error) {
    const translated = translateSqliteError(error, path);
    const isDamaged =
      isSchemaError(error, 'MIGRATION_UNKNOWN') ||
      isSchemaError(error, 'MIGRATION_EDITED') ||
      isLockError(translated, 'SQLITE_UNREADABLE');
    if (!isDamaged) throw translated;
    return false;
  } finally {
    db?.close();
  }
}

/** A complete manifest in a new file. @returns Its version. */
function writeManifest(
  path: string,
  old: string | undefined,
  described: readonly DescribedFile[],
  symbols: Symbols,
  now: bigint,
  lock: Pick<WriterLock, 'epoch' | 'token'>,
): number {
  const db = openSqlite(path);
  try {
    db.pragma('synchronous = FULL');
    db.pragma('journal_mode = WAL');
    migrate(db, 'manifest', WRITER_VERSION);
    db.exec(FENCE_DDL);
    if (old !== undefined) db.prepare('ATTACH ? AS old').run(old);
    db.exec('BEGIN IMMEDIATE');
    db.prepare('INSERT INTO writer_fence VALUES (1, ?, ?)').run(lock.epoch, lock.token);
    if (old !== undefined) takeOver(db);
    const version = nextVersion(db, old, now);
    insertSymbols(db, symbols);
    insertFiles(db, old, described, version);
    db.exec('COMMIT');
    if (old !== undefined) db.exec('DETACH old');
    emptyLog(db, path); // The file alone moves into place.
    return version;
  } finally {
    db.close();
  }
}

function takeOver(db: SqliteDatabase): void {
  db.exec(`INSERT INTO corrections SELECT * FROM old.corrections;
    INSERT INTO months SELECT * FROM old.months;
    INSERT INTO garbage SELECT * FROM old.garbage;
    INSERT INTO files SELECT * FROM old.files WHERE tier = 'pruned';`);
}

/**
 * Above every version that a reader can have seen. Of a lost manifest nobody knows the version: seconds since 1970 are
 * above it, unless there was more than one publication a second ever since.
 */
function nextVersion(db: SqliteDatabase, old: string | undefined, now: bigint): number {
  const known =
    old === undefined
      ? Number(now / 1_000_000_000n)
      : Number(db.prepare('SELECT n FROM old.version WHERE id = 1').pluck().get());
  db.prepare('UPDATE version SET n = ? WHERE id = 1').run(known + 1);
  return known + 1;
}

function insertSymbols(db: SqliteDatabase, symbols: Symbols): void {
  const insert = db.prepare('INSERT INTO symbols VALUES (?, ?, ?, ?)');
  for (const [sid, one] of [...symbols].sort(([a], [b]) => a - b))
    insert.run(sid, one.exchange, one.symbol, one.date);
}

/** A file that the old manifest recorded with the same bytes keeps when and why it was published. */
function insertFiles(
  db: SqliteDatabase,
  old: string | undefined,
  described: readonly DescribedFile[],
  version: number,
): void {
  const find =
    old === undefined
      ? undefined
      : db
          .prepare(
            'SELECT version, published_at AS at, correction_id AS correction FROM old.files WHERE path = ? AND sha256 = ?',
          )
          .safeIntegers(true);
  for (const { record, writtenAt } of described) {
    const known = find?.get(record.path, record.sha256) as
      | { version: bigint; at: bigint; correction: bigint | null }
      | undefined;
    insertFile(db, record, {
      version: Number(known?.version ?? version),
      changedIn: version,
      publishedAt: known?.at ?? writtenAt,
      correctionId: known?.correction == null ? undefined : Number(known.correction),
    });
  }
}

function clockNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
