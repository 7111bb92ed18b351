import { dirname, posix } from 'node:path';
import type { SqliteDatabase } from '@tb/locks';
import { createFolder, type Layout, SCHEMA_VERSION, type StoredTimeframe } from '@tb/schema';
import { duckdbVersion, tempName } from './build.ts';
import type { BuiltFile, MonthEntry } from './day-file.ts';
import type { DuckConnection } from './duck.ts';
import { HistoryError } from './errors.ts';
import { findStats, identityOf, isSameFile } from './file-stats.ts';
import { addGarbage, unlinkIfThere } from './garbage.ts';
import type { ManifestSnapshot } from './manifest-snapshot.ts';
import type { ManifestWriter } from './manifest-writer.ts';
import { inputsDigest } from './month-digest.ts';
import { monthInputs } from './month-inputs.ts';
import { lastMonthOf, wholeUntil } from './period.ts';
import { placeFiles } from './place.ts';
import { type Profile, profileFrom, profileOf, type SymbolProfile } from './profile.ts';
import { bumpVersion, recordVerified } from './publish.ts';
import { attachedAlias, type InputFile, readCoverage, withAttached } from './relation.ts';
import { slicesOf } from './slices.ts';
import { discardTempsIn } from './unlisted.ts';
import { WRITER_VERSION } from './version.ts';
import { type CoverageRange, writeFile } from './write-file.ts';

/** Small row groups: a month is read by symbol, a few thousand rows each. */
const ROW_GROUP_ROWS = 16_384;

/** A derived file that is complete, verified and on the disk under a temporary name. Plain data. */
export interface BuiltMonth
  extends Pick<
    BuiltFile,
    'exchange' | 'tempPath' | 'path' | 'rows' | 'symbols' | 'sizeBytes' | 'sha256' | 'identity'
  > {
  readonly timeframe: StoredTimeframe;
  /** As `MonthEntry.month`. */
  readonly month: string;
  readonly minTs: string;
  readonly maxTs: string;
  readonly inputsDigest: string;
}

/** One derived file to build. */
export interface MonthSpec {
  readonly layout: Layout;
  readonly snapshot: ManifestSnapshot;
  readonly exchange: string;
  readonly timeframe: StoredTimeframe;
  /** `YYYY-MM`, or `..YYYY-MM`: everything up to that month. */
  readonly month: string;
}

/**
 * Builds a month from the newest revision of each of its published days, or the whole file from the fresh months and the
 * days beside them, each verified first: the same rows, sorted (sid, ts), in one file. Its name carries the digest of the
 * day revisions, so a name never has two contents.
 *
 * @throws `NOT_PUBLISHED` when there are no rows; `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT`, `BUILD_MISMATCH`,
 *   `BUILD_FAILED`.
 */
export async function buildMonth(connection: DuckConnection, spec: MonthSpec): Promise<BuiltMonth> {
  const { layout, snapshot, exchange, timeframe, month } = spec;
  const last = lastMonthOf(month);
  const name =
    last === undefined
      ? layout.monthFile(exchange, timeframe, month)
      : layout.wholeFile(exchange, timeframe, last);
  const digest = inputsDigest(snapshot.daysOfMonth(exchange, timeframe, month));
  const path = name.replace(/\.duckdb$/, `-${digest.slice(0, 12)}.duckdb`);
  const folder = posix.dirname(path);
  discardTempsIn(layout, folder, `${last ?? month}-01`);
  const tempPath = posix.join(folder, tempName(`${last ?? month}-01`));
  const inputs = await monthInputs(spec);
  return await withAttached(connection, layout, inputs, async (relations) => {
    const profile = await profileOfInputs(connection, relations);
    const { minTs, maxTs, rows } = profile;
    if (minTs === undefined || maxTs === undefined)
      throw new HistoryError('NOT_PUBLISHED', `${exchange} ${timeframe} has no rows in ${month}`);
    const { file: written } = await writeMonth(
      connection,
      spec,
      inputs,
      relations,
      profile,
      digest,
      tempPath,
    );
    const range = { minTs: String(minTs), maxTs: String(maxTs) };
    const names = { exchange, timeframe, month, tempPath, path, inputsDigest: digest };
    return { ...names, ...range, ...written, rows, symbols: profile.symbols.length };
  });
}

async function writeMonth(
  connection: DuckConnection,
  spec: MonthSpec,
  inputs: readonly InputFile[],
  relations: readonly string[],
  profile: Profile,
  digest: string,
  tempPath: string,
): ReturnType<typeof writeFile> {
  const { layout, snapshot, exchange, timeframe, month } = spec;
  const rows = unionOf(relations);
  const absolute = layout.absolute(tempPath);
  await createFolder(dirname(absolute));
  return await writeFile(connection, absolute, {
    kind: 'candles',
    rows,
    profile: () => Promise.resolve(profile),
    slices: await slicesOf(connection, rows, profile, 0n),
    symbols: snapshot.symbols(exchange).entries(),
    coverage: await coverageOf(connection, layout, inputs),
    metadata: {
      ...{ exchange, timeframe, tradingDate: month, revision: 1 },
      schemaVersion: SCHEMA_VERSION,
      sourceFingerprint: `${inputs.length} files, inputs ${digest}`,
      writerVersion: WRITER_VERSION,
      duckdbVersion: await duckdbVersion(connection),
    },
    rowGroupRows: ROW_GROUP_ROWS,
  });
}

/** When feeds were connected: without it a gap in a month would look like minutes without trades. */
async function coverageOf(
  connection: DuckConnection,
  layout: Layout,
  inputs: readonly InputFile[],
): Promise<readonly CoverageRange[]> {
  const ranges: CoverageRange[] = [];
  for (const [index, input] of inputs.entries())
    ranges.push(...(await readCoverage(connection, layout, input, attachedAlias(index))));
  return ranges;
}

/** File by file: the sum over them is what the derived file must read back as. */
async function profileOfInputs(
  connection: DuckConnection,
  relations: readonly string[],
): Promise<Profile> {
  const bySid = new Map<number, SymbolProfile>();
  for (const relation of relations)
    for (const one of (await profileOf(connection, 'candles', relation)).symbols) {
      const other = bySid.get(one.sid);
      bySid.set(one.sid, other ? added(other, one) : one);
    }
  return profileFrom([...bySid.values()].sort((a, b) => a.sid - b.sid));
}

function added(one: SymbolProfile, other: SymbolProfile): SymbolProfile {
  const [isEarlier, isLater] = [other.minTs < one.minTs, other.maxTs > one.maxTs];
  return {
    sid: one.sid,
    rows: one.rows + other.rows,
    hash: one.hash + other.hash,
    minTs: isEarlier ? other.minTs : one.minTs,
    maxTs: isLater ? other.maxTs : one.maxTs,
  };
}

function unionOf(relations: readonly string[]): string {
  return `(${relations.map((one) => `SELECT * FROM ${one}`).join(' UNION ALL ')})`;
}

/**
 * Places a built month or whole file and records it in one fenced transaction; the one before it becomes garbage. Refused
 * when a day of it was published or corrected since it was built.
 *
 * @returns The manifest version.
 * @throws `MANIFEST_MOVED` when the month is stale already; as `placeFiles`, `ManifestWriter.publish`.
 */
export async function publishMonth(writer: ManifestWriter, built: BuiltMonth): Promise<number> {
  const { layout } = writer;
  const { exchange, timeframe, month } = built;
  const days = writer.snapshot().daysOfMonth(exchange, timeframe, month);
  if (inputsDigest(days) !== built.inputsDigest)
    throw new HistoryError(
      'MANIFEST_MOVED',
      `${exchange} ${timeframe} ${month} was built from days that changed since`,
    );
  // A file of this name is of the same inputs: left by a crash, or damaged. Rows of a month are those of its days anyway.
  writer.write(() => unlinkIfThere(layout.absolute(built.path)));
  await placeFiles(layout, [built]);
  const stats = await findStats(layout.absolute(built.path));
  if (!stats || !isSameFile(identityOf(stats), built.identity))
    throw new HistoryError('BUILT_FILE_LOST', `${built.path} is not the file that was built`);
  return writer.write((db) => {
    const version = bumpVersion(db);
    const { minTs, maxTs, sizeBytes, sha256, inputsDigest: digest } = built;
    for (const path of replacedBy(db, built))
      if (path !== built.path) addGarbage(db, path, writer.now());
    db.prepare('INSERT INTO months VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      ...[exchange, timeframe, month, built.path, built.rows, built.symbols],
      ...[BigInt(minTs), BigInt(maxTs), sizeBytes, sha256, digest, version],
    );
    db.prepare('DELETE FROM garbage WHERE path = ?').run(built.path);
    recordVerified(db, built.path, sha256, stats, writer.now());
    return version;
  });
}

/** Removes the records that a new one takes the place of: of the same month, or every whole one. @returns Their paths. */
function replacedBy(
  db: SqliteDatabase,
  { exchange, timeframe, month }: Pick<MonthEntry, 'exchange' | 'timeframe' | 'month'>,
): readonly string[] {
  const pattern = lastMonthOf(month) === undefined ? month : wholeUntil('%');
  return db
    .prepare(
      'DELETE FROM months WHERE exchange = ? AND timeframe = ? AND month LIKE ? RETURNING path',
    )
    .pluck()
    .all(exchange, timeframe, pattern) as string[];
}
