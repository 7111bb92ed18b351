import { statSync } from 'node:fs';
import type { SqliteDatabase } from '@tb/locks';
import type { Layout } from '@tb/schema';
import { type Correction, type CorrectionReason, nextCorrection } from './correction.ts';
import { type BuiltFile, dayFileLabel } from './day-file.ts';
import { HistoryError } from './errors.ts';
import { identityOf, isSameFile } from './file-stats.ts';
import { correctionOf, type ManifestRow } from './manifest-rows.ts';

/** How to publish. */
export interface PublishOptions {
  /** Required when a file replaces a revision; then all files are of one trading date. */
  readonly correction?: CorrectionReason | undefined;
  /** Refuse with `MANIFEST_MOVED` unless the manifest is at this version. */
  readonly expectVersion?: number | undefined;
}

/** What a publication did. */
export interface Published {
  /** The manifest version that made the files visible. */
  readonly version: number;
  readonly correction: Correction | undefined;
}

/**
 * The rows of a publication, inside one fenced transaction: when it commits, all files are visible; before, none.
 *
 * @param files Placed under their final names, see `placeFiles`.
 * @param now ns UTC.
 */
export function publishRows(
  db: SqliteDatabase,
  layout: Layout,
  files: readonly BuiltFile[],
  options: PublishOptions,
  now: bigint,
): Published {
  if (files.length === 0) throw new TypeError('A publication has at least one file');
  const current = versionOf(db);
  if (options.expectVersion !== undefined && current !== options.expectVersion)
    throw new HistoryError(
      'MANIFEST_MOVED',
      `The manifest is at version ${current}, the caller looked at ${options.expectVersion}`,
    );
  const isReplacing = files.filter((file) => assertNewRevision(db, file)).length > 0;
  if (isReplacing && !options.correction) throw correctionRequired(files);
  const at = publicationTime(db, now);
  const correction = options.correction && insertCorrection(db, files, options.correction, at);
  const version = bumpVersion(db);
  for (const file of files) {
    const correctionId = correction?.id;
    insertFile(db, file, { version, changedIn: version, publishedAt: at, correctionId });
    insertVerified(db, layout, file, at);
  }
  return { version, correction };
}

/** Adds one to the version of the manifest. Every change that readers must see does it. */
export function bumpVersion(db: SqliteDatabase): number {
  db.prepare('UPDATE version SET n = n + 1 WHERE id = 1').run();
  return versionOf(db);
}

function versionOf(db: SqliteDatabase): number {
  return Number(db.prepare('SELECT n FROM version WHERE id = 1').pluck().get());
}

/** Rising with the version even when the clock steps back, so that `asOf` never splits a publication. */
function publicationTime(db: SqliteDatabase, now: bigint): bigint {
  const last = db.prepare('SELECT max(published_at) FROM files').pluck().get();
  const next = last === null ? 0n : BigInt(last as number | bigint) + 1n;
  return now > next ? now : next;
}

/** Whether the file replaces a revision. @throws `ALREADY_PUBLISHED` */
function assertNewRevision(db: SqliteDatabase, file: BuiltFile): boolean {
  const newest = db
    .prepare(
      'SELECT max(revision) FROM files WHERE exchange = ? AND kind = ? AND timeframe = ? AND trading_date = ?',
    )
    .pluck()
    .get(file.exchange, file.kind, file.timeframe, file.tradingDate) as number | bigint | null;
  if (newest === null) return false;
  if (file.revision <= Number(newest))
    throw new HistoryError(
      'ALREADY_PUBLISHED',
      `${dayFileLabel(file)} was built, the manifest already has r${newest}`,
    );
  return true;
}

function correctionRequired(files: readonly BuiltFile[]): HistoryError {
  const [file] = files as [BuiltFile];
  return new HistoryError(
    'CORRECTION_REQUIRED',
    `${dayFileLabel(file)} would replace a published revision without a reason`,
  );
}

function insertCorrection(
  db: SqliteDatabase,
  files: readonly BuiltFile[],
  reason: CorrectionReason,
  at: bigint,
): Correction {
  const { exchange, tradingDate } = files[0] as BuiltFile;
  if (files.some((file) => file.exchange !== exchange || file.tradingDate !== tradingDate))
    throw new TypeError('A correction is of one trading date of one exchange');
  if (reason.who.trim() === '' || reason.why.trim() === '')
    throw new TypeError('A correction names who made it and why');
  const last = db.prepare('SELECT * FROM corrections ORDER BY id DESC LIMIT 1').get();
  const previous = last === undefined ? undefined : correctionOf(last as ManifestRow);
  const record = nextCorrection(previous, { ...reason, at, exchange, tradingDate });
  db.prepare('INSERT INTO corrections VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
    record.id,
    record.prevHash,
    record.hash,
    record.at,
    record.who,
    record.why,
    record.exchange,
    record.tradingDate,
    record.rowsAdded,
    record.rowsRemoved,
    record.rowsChanged,
  );
  return record;
}

/** What the manifest records about a file. */
export type FileRecord = Omit<BuiltFile, 'tempPath' | 'identity'>;

/** When and why a file was published. */
export interface Publication {
  readonly version: number;
  /** The manifest version that last changed the row; `version` unless it was moved or rebuilt. */
  readonly changedIn: number;
  /** ns UTC. */
  readonly publishedAt: bigint;
  readonly correctionId: number | undefined;
}

/** @internal One row of `files`. */
export function insertFile(db: SqliteDatabase, file: FileRecord, publication: Publication): void {
  db.prepare(
    `INSERT INTO files (exchange, kind, timeframe, trading_date, revision, path, tier, rows, symbols, min_ts, max_ts,
       size_bytes, sha256, content_hash, schema_version, source_fingerprint, writer_version, duckdb_version,
       version, changed_in, published_at, correction_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    file.exchange,
    file.kind,
    file.timeframe,
    file.tradingDate,
    file.revision,
    file.path,
    file.path.endsWith('.parquet') ? 'archive' : 'hot',
    file.rows,
    file.symbols,
    file.minTs === null ? null : BigInt(file.minTs),
    file.maxTs === null ? null : BigInt(file.maxTs),
    file.sizeBytes,
    file.sha256,
    file.contentHash,
    file.schemaVersion,
    file.sourceFingerprint,
    file.writerVersion,
    file.duckdbVersion,
    publication.version,
    publication.changedIn,
    publication.publishedAt,
    publication.correctionId ?? null,
  );
}

/** The publisher vouches for the bytes: it hashed them, and the final name is the same file. */
function insertVerified(db: SqliteDatabase, layout: Layout, file: BuiltFile, at: bigint): void {
  const stats = statSync(layout.absolute(file.path), { bigint: true, throwIfNoEntry: false });
  if (!stats || !isSameFile(identityOf(stats), file.identity))
    throw new HistoryError(
      'BUILT_FILE_LOST',
      `${file.path} ${stats ? 'is another file than the one that was built' : 'is not there'}`,
    );
  recordVerified(db, file.path, file.sha256, stats, at);
}

/** Remembers that a file has this sha256 while its identity stays the same. @param at ns UTC */
export function recordVerified(
  db: SqliteDatabase,
  path: string,
  sha256: string,
  stats: { dev: bigint; ino: bigint; size: bigint; mtimeNs: bigint; ctimeNs: bigint },
  at: bigint,
): void {
  db.prepare('INSERT OR REPLACE INTO verified VALUES (?, ?, ?, ?, ?, ?, ?, ?)').run(
    path,
    BigInt.asIntN(64, stats.dev),
    BigInt.asIntN(64, stats.ino),
    stats.size,
    stats.mtimeNs,
    stats.ctimeNs,
    sha256,
    at,
  );
}
