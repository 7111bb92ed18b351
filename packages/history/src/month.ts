import { mkdir } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { assertMonth, type Layout, SCHEMA_VERSION, type StoredTimeframe } from '@tb/schema';
import { duckdbVersion, tempName } from './build.ts';
import type { BuiltFile, FileEntry } from './day-file.ts';
import type { DuckConnection } from './duck.ts';
import { HistoryError } from './errors.ts';
import { findStats, identityOf, isSameFile } from './file-bytes.ts';
import { addGarbage, unlinkIfThere } from './garbage.ts';
import type { ManifestSnapshot } from './manifest-snapshot.ts';
import type { ManifestWriter } from './manifest-writer.ts';
import { inputsDigest } from './month-digest.ts';
import { placeFiles } from './place.ts';
import { type Profile, profileFrom, profileOf, type SymbolProfile } from './profile.ts';
import { bumpVersion, recordVerified } from './publish.ts';
import { attachedAlias, readCoverage, withAttached } from './relation.ts';
import { slicesOf } from './slices.ts';
import { loadSymbols } from './symbols-table.ts';
import { discardTempsIn } from './unlisted.ts';
import { verifyFile } from './verify.ts';
import { WRITER_VERSION } from './version.ts';
import { type CoverageRange, writeFile } from './write-file.ts';

/** Small row groups: a month is read by symbol, a few thousand rows each. */
const ROW_GROUP_ROWS = 16_384;

/** A month that is complete, verified and on the disk under a temporary name. Plain data. */
export interface BuiltMonth
  extends Pick<
    BuiltFile,
    'exchange' | 'tempPath' | 'path' | 'rows' | 'symbols' | 'sizeBytes' | 'sha256' | 'identity'
  > {
  readonly timeframe: StoredTimeframe;
  readonly month: string;
  readonly minTs: string;
  readonly maxTs: string;
  readonly inputsDigest: string;
}

/** One month to build. */
export interface MonthSpec {
  readonly layout: Layout;
  readonly snapshot: ManifestSnapshot;
  readonly exchange: string;
  readonly timeframe: StoredTimeframe;
  /** `YYYY-MM`. */
  readonly month: string;
}

/** Months that have two or more published days and no fresh file, ascending. */
export function staleMonths(
  snapshot: ManifestSnapshot,
  exchange: string,
  timeframe: StoredTimeframe,
): readonly string[] {
  const counts = new Map<string, number>();
  for (const date of snapshot.tradingDates(exchange, 'candles', timeframe)) {
    const month = date.slice(0, 7);
    counts.set(month, (counts.get(month) ?? 0) + 1);
  }
  const entries = new Map(snapshot.months(exchange, timeframe).map((one) => [one.month, one]));
  return [...counts.keys()].filter((month) => {
    const entry = entries.get(month);
    return (counts.get(month) ?? 0) > 1 && !(entry && snapshot.isFresh(entry));
  });
}

/**
 * Builds a month from the newest revision of each of its published days, each verified first: the same rows, sorted
 * (sid, ts), in one file. Its name carries the digest of its inputs, so a name never has two contents.
 *
 * @throws `NOT_PUBLISHED` when the month has no rows; `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT`, `BUILD_MISMATCH`,
 *   `BUILD_FAILED`.
 */
export async function buildMonth(connection: DuckConnection, spec: MonthSpec): Promise<BuiltMonth> {
  const { layout, snapshot, exchange, timeframe, month } = spec;
  assertMonth(month);
  const days = snapshot.daysOfMonth(exchange, timeframe, month);
  for (const day of days) await verifyFile(layout, day);
  const digest = inputsDigest(days);
  const path = layout
    .monthFile(exchange, timeframe, month)
    .replace(/\.duckdb$/, `-${digest.slice(0, 12)}.duckdb`);
  discardTempsIn(layout, posix.dirname(path), `${month}-01`);
  const tempPath = posix.join(posix.dirname(path), tempName(`${month}-01`));
  return await withAttached(connection, layout, days, async (relations) => {
    const profile = await profileOfDays(connection, relations);
    const { minTs, maxTs, rows } = profile;
    if (minTs === undefined || maxTs === undefined)
      throw new HistoryError('NOT_PUBLISHED', `${exchange} ${timeframe} has no rows in ${month}`);
    const written = await writeMonth(connection, spec, days, relations, profile, digest, tempPath);
    const range = { minTs: String(minTs), maxTs: String(maxTs) };
    const names = { exchange, timeframe, month, tempPath, path, inputsDigest: digest };
    return { ...names, ...range, ...written, rows, symbols: profile.symbols.length };
  });
}

async function writeMonth(
  connection: DuckConnection,
  spec: MonthSpec,
  days: readonly FileEntry[],
  relations: readonly string[],
  profile: Profile,
  digest: string,
  tempPath: string,
): ReturnType<typeof writeFile> {
  const { layout, snapshot, exchange, timeframe, month } = spec;
  const rows = unionOf(relations);
  const symbols = await loadSymbols(
    connection,
    snapshot.symbols(exchange).entries(),
    'tb_month_symbols',
  );
  const absolute = layout.absolute(tempPath);
  await mkdir(dirname(absolute), { recursive: true });
  return await writeFile(connection, absolute, {
    kind: 'candles',
    rows,
    profile,
    slices: await slicesOf(connection, rows, profile, 0n),
    symbols,
    coverage: await coverageOfDays(connection, layout, days),
    metadata: {
      ...{ exchange, timeframe, tradingDate: month, revision: 1 },
      schemaVersion: SCHEMA_VERSION,
      sourceFingerprint: `${days.length} days, inputs ${digest}`,
      writerVersion: WRITER_VERSION,
      duckdbVersion: await duckdbVersion(connection),
    },
    rowGroupRows: ROW_GROUP_ROWS,
  });
}

/** When feeds were connected in the month: without it a gap in a month would look like minutes without trades. */
async function coverageOfDays(
  connection: DuckConnection,
  layout: Layout,
  days: readonly FileEntry[],
): Promise<readonly CoverageRange[]> {
  const ranges: CoverageRange[] = [];
  for (const [index, day] of days.entries())
    ranges.push(...(await readCoverage(connection, layout, day, attachedAlias(index))));
  return ranges;
}

/** Day by day: the sum over days is what the month must read back as. */
async function profileOfDays(
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

/** `later` is of a later trading date, and windows of trading dates do not overlap. */
function added(one: SymbolProfile, later: SymbolProfile): SymbolProfile {
  return {
    sid: one.sid,
    rows: one.rows + later.rows,
    hash: one.hash + later.hash,
    minTs: one.minTs,
    maxTs: later.maxTs,
  };
}

function unionOf(relations: readonly string[]): string {
  return `(${relations.map((one) => `SELECT * FROM ${one}`).join(' UNION ALL ')})`;
}

/**
 * Places a built month and records it in one fenced transaction; the file before it becomes garbage. Refused when a day
 * was published or corrected since it was built.
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
    const before = db
      .prepare('SELECT path FROM months WHERE exchange = ? AND timeframe = ? AND month = ?')
      .pluck()
      .get(exchange, timeframe, month) as string | undefined;
    const version = bumpVersion(db);
    db.prepare('INSERT OR REPLACE INTO months VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
      exchange,
      timeframe,
      month,
      built.path,
      built.rows,
      built.symbols,
      BigInt(built.minTs),
      BigInt(built.maxTs),
      built.sizeBytes,
      built.sha256,
      built.inputsDigest,
      version,
    );
    if (before !== undefined && before !== built.path) addGarbage(db, before, writer.now());
    db.prepare('DELETE FROM garbage WHERE path = ?').run(built.path);
    recordVerified(db, built.path, built.sha256, stats, writer.now());
    return version;
  });
}
