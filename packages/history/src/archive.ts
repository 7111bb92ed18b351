import { rm } from 'node:fs/promises';
import { dirname, posix } from 'node:path';
import { createFolder, type Layout, sealFile } from '@tb/schema';
import { tempName } from './build.ts';
import { type BuiltFile, COLUMNS, dayFileLabel, type FileEntry } from './day-file.ts';
import { type DuckConnection, literal, readRow, readRows } from './duck.ts';
import { HistoryError } from './errors.ts';
import { findStats, identityOf, isSameFile } from './file-stats.ts';
import { addGarbage, unlinkIfThere } from './garbage.ts';
import type { ManifestSnapshot } from './manifest-snapshot.ts';
import type { ManifestWriter } from './manifest-writer.ts';
import { placeFiles } from './place.ts';
import { profileOf } from './profile.ts';
import { bumpVersion, recordVerified } from './publish.ts';
import { archiveRelation, withAttached } from './relation.ts';
import { discardTempsIn } from './unlisted.ts';
import { verifyFile } from './verify.ts';

/** A Parquet copy that is complete, verified and on the disk under a temporary name. Plain data. */
export interface BuiltArchive
  extends Pick<
    BuiltFile,
    | 'exchange'
    | 'kind'
    | 'timeframe'
    | 'tradingDate'
    | 'revision'
    | 'tempPath'
    | 'path'
    | 'sizeBytes'
    | 'sha256'
    | 'identity'
  > {
  /** sha256 of the day file that it was made from. */
  readonly hotSha256: string;
}

/** How long day files stay hot. */
export interface RetentionRule {
  readonly exchange: string;
  /** Today's trading date. */
  readonly today: string;
  /** Default 90. */
  readonly tickDays?: number | undefined;
  /** For 1m candles; wider ones stay hot. Default 365. */
  readonly minuteDays?: number | undefined;
}

/** Hot files that the rule moves to the archive, every revision of them, oldest first. */
export function filesToArchive(
  snapshot: ManifestSnapshot,
  rule: RetentionRule,
): readonly FileEntry[] {
  const { exchange, today } = rule;
  const tickLimit = dateBefore(today, rule.tickDays ?? 90);
  const minuteLimit = dateBefore(today, rule.minuteDays ?? 365);
  const dates = [
    ...snapshot.tradingDates(exchange, 'ticks').filter((date) => date < tickLimit),
    ...snapshot.tradingDates(exchange, 'candles', '1m').filter((date) => date < minuteLimit),
  ];
  return [...new Set(dates)]
    .sort()
    .flatMap((date) => snapshot.revisionsOf(exchange, date))
    .filter((one) => one.tier === 'hot')
    .filter((one) =>
      one.kind === 'ticks'
        ? one.tradingDate < tickLimit
        : one.timeframe === '1m' && one.tradingDate < minuteLimit,
    );
}

function dateBefore(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - days * 86_400_000).toISOString().slice(0, 10);
}

/**
 * Copies a hot day file to Parquet (zstd, sorted, Hive layout) under a temporary name, and reads it back: the multiset of
 * rows, their order and the symbol of each sid must be those of the day file.
 *
 * Columns are those of `data`, with the symbol as text, and the time as `ts_ns BIGINT`: every reader knows it, and Spark
 * reads no nanosecond timestamps. metadata and coverage go into the key-value metadata of the file.
 *
 * @throws `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT`, `BUILD_MISMATCH`, `BUILD_FAILED`
 */
export async function archiveFile(
  connection: DuckConnection,
  layout: Layout,
  entry: FileEntry,
): Promise<BuiltArchive> {
  if (entry.tier !== 'hot') throw new TypeError(`${dayFileLabel(entry)} is not a hot file`);
  await verifyFile(layout, entry);
  const { exchange, kind, timeframe, tradingDate, revision } = entry;
  const key = { exchange, kind, timeframe, tradingDate, revision };
  const path = layout.archiveFile(key);
  // Revisions of a date share a folder, and one may be built while another waits to be placed.
  const label = `${tradingDate}-${revision}`;
  discardTempsIn(layout, posix.dirname(path), label);
  const tempPath = posix.join(
    posix.dirname(path),
    tempName(label).replace(/\.duckdb$/, '.parquet'),
  );
  const absolute = layout.absolute(tempPath);
  await createFolder(dirname(absolute));
  try {
    await withAttached(connection, layout, [entry], async () => {
      await copyToParquet(connection, entry, absolute);
      await verifyParquet(connection, entry, absolute);
    });
    const { stats, ...sealed } = await sealFile(absolute);
    const identity = identityOf(stats);
    return { ...key, ...sealed, identity, tempPath, path, hotSha256: entry.sha256 };
  } catch (error) {
    await rm(absolute, { force: true });
    if (error instanceof HistoryError) throw error;
    throw new HistoryError('BUILD_FAILED', `${dayFileLabel(entry)} was not archived`, {
      cause: error,
    });
  }
}

/** The catalog name that `withAttached` gives the first entry. */
const CATALOG = 'tb_input_0.main';

async function copyToParquet(
  connection: DuckConnection,
  entry: FileEntry,
  path: string,
): Promise<void> {
  const columns = COLUMNS[entry.kind]
    .filter(([name]) => name !== 'sid' && name !== 'ts')
    .map(([name]) => name);
  const symbol = await symbolExpression(connection);
  // No ORDER BY and no join: rows keep the order of `data`, and 10 M of them need no memory for a sort.
  await connection.run(
    `COPY (SELECT sid, ${symbol} AS symbol, epoch_ns(ts) AS ts_ns, ${columns.join(', ')} FROM ${CATALOG}.data)
     TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA ${await keyValues(connection)})`,
  );
}

/** Symbol text of `sid` as an expression: a list indexed by sid, since a join may change the order of rows. */
async function symbolExpression(connection: DuckConnection): Promise<string> {
  const rows = await readRows(
    connection,
    `SELECT sid, symbol FROM ${CATALOG}.symbols ORDER BY sid`,
  );
  const first = rows[0]?.['sid'] as number | undefined;
  if (first === undefined) return 'NULL::VARCHAR';
  const bySid = new Map(rows.map((row) => [row['sid'] as number, String(row['symbol'])]));
  const last = rows[rows.length - 1]?.['sid'] as number;
  const texts: string[] = [];
  for (let sid = first; sid <= last; sid++) {
    const text = bySid.get(sid);
    texts.push(text === undefined ? 'NULL' : literal(text));
  }
  return `list_extract([${texts.join(', ')}]::VARCHAR[], sid - ${first} + 1)`;
}

async function keyValues(connection: DuckConnection): Promise<string> {
  const metadata = await readRow(connection, `SELECT * FROM ${CATALOG}.metadata`);
  const coverage = await readRows(
    connection,
    `SELECT source, epoch_ns(from_ts)::VARCHAR AS from_ns, epoch_ns(to_ts)::VARCHAR AS to_ns FROM ${CATALOG}.coverage`,
  );
  const pairs: [string, string][] = [
    ...Object.entries(metadata).map(([name, value]): [string, string] => [name, String(value)]),
    ['coverage', JSON.stringify(coverage)],
  ];
  return `{${pairs.map(([name, value]) => `${name}: ${literal(value)}`).join(', ')}}`;
}

async function verifyParquet(
  connection: DuckConnection,
  entry: FileEntry,
  path: string,
): Promise<void> {
  const copy = archiveRelation(path, entry.kind);
  const [hot, cold] = [
    await profileOf(connection, entry.kind, `${CATALOG}.data`),
    await profileOf(connection, entry.kind, copy),
  ];
  const last = entry.kind === 'ticks' ? 'seq' : '0';
  const unsorted = await readRow(
    connection,
    `SELECT count(*) AS n FROM (
       SELECT sid, ts, ${last} AS seq, lag(sid) OVER () AS s, lag(ts) OVER () AS t, lag(${last}) OVER () AS q FROM ${copy}
     ) WHERE sid < s OR (sid = s AND (ts < t OR (ts = t AND seq <= q)))`,
  );
  const misnamed = await readRow(
    connection,
    `SELECT count(*) AS n FROM (
       SELECT DISTINCT sid, symbol FROM read_parquet(${literal(path)}, hive_partitioning = false)
       EXCEPT SELECT sid, symbol FROM ${CATALOG}.symbols)`,
  );
  const isEqual = hot.rows === cold.rows && hot.contentHash === cold.contentHash;
  if (isEqual && unsorted['n'] === 0n && misnamed['n'] === 0n) return;
  throw new HistoryError(
    'BUILD_MISMATCH',
    `Archive of ${dayFileLabel(entry)} reads back ${cold.rows} rows of ${hot.rows}, ${unsorted['n']} out of order, ${misnamed['n']} misnamed, contents ${isEqual ? 'equal' : 'differ'}`,
  );
}

/**
 * Places an archive and moves the manifest row to it in one fenced transaction; the hot file becomes garbage.
 * @returns The manifest version. @throws `MANIFEST_MOVED` when the row is not what was archived; as `placeFiles`.
 */
export async function publishArchive(writer: ManifestWriter, built: BuiltArchive): Promise<number> {
  removeUnlistedArchive(writer, built.path);
  await placeFiles(writer.layout, [built]);
  const stats = await findStats(writer.layout.absolute(built.path));
  if (!stats || !isSameFile(identityOf(stats), built.identity))
    throw new HistoryError('BUILT_FILE_LOST', `${built.path} is not the file that was built`);
  return writer.write((db) => {
    const key = [built.exchange, built.kind, built.timeframe, built.tradingDate, built.revision];
    const where =
      'exchange = ? AND kind = ? AND timeframe = ? AND trading_date = ? AND revision = ?';
    const row = db
      .prepare(`SELECT path, sha256 FROM files WHERE tier = 'hot' AND ${where}`)
      .get(...key) as { path: string; sha256: string } | undefined;
    if (row?.sha256 !== built.hotSha256)
      throw new HistoryError(
        'MANIFEST_MOVED',
        `${dayFileLabel(built)} is not the hot file that was archived`,
      );
    const version = bumpVersion(db);
    db.prepare(
      `UPDATE files SET tier = 'archive', path = ?, size_bytes = ?, sha256 = ?, changed_in = ? WHERE ${where}`,
    ).run(built.path, built.sizeBytes, built.sha256, version, ...key);
    recordVerified(db, built.path, built.sha256, stats, writer.now());
    addGarbage(db, row.path, writer.now());
    return version;
  });
}

/** What a crash left between placing and publishing. */
function removeUnlistedArchive(writer: ManifestWriter, path: string): void {
  writer.write((db) => {
    const isListed = db.prepare('SELECT 1 FROM files WHERE path = ?').pluck().get(path);
    if (isListed === undefined) unlinkIfThere(writer.layout.absolute(path));
  });
}
