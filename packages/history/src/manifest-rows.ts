import type { Kind, StoredTimeframe } from '@tb/schema';
import type { Correction } from './correction.ts';
import type { FileEntry, MonthEntry, Tier } from './day-file.ts';

/** Rows of manifest.db as SQLite gives them with safe integers, and the values they become. */

/** A row by name: text, or bigint for every integer. */
export type ManifestRow = Readonly<Record<string, string | bigint | null>>;

/** A row of `files` by position, in the order of `FILE_COLUMNS`. */
export type FileRow = readonly [
  exchange: string,
  kind: Kind,
  timeframe: StoredTimeframe | '',
  tradingDate: string,
  revision: bigint,
  path: string,
  tier: Tier,
  rows: bigint,
  symbols: bigint,
  minTs: bigint | null,
  maxTs: bigint | null,
  sizeBytes: bigint,
  sha256: string,
  contentHash: string,
  schemaVersion: string,
  sourceFingerprint: string,
  writerVersion: string,
  duckdbVersion: string,
  version: bigint,
  publishedAt: bigint,
  correctionId: bigint | null,
];

/** For a SELECT that `raw()` gives by position: there may be thousands of files, and rows by name take 2.7 times as long. */
export const FILE_COLUMNS: string =
  'exchange, kind, timeframe, trading_date, revision, path, tier, rows, symbols, min_ts, max_ts, size_bytes, sha256, ' +
  'content_hash, schema_version, source_fingerprint, writer_version, duckdb_version, version, published_at, correction_id';

/** A row of `files` as a value. */
export function fileEntryOf(row: FileRow): FileEntry {
  return {
    exchange: row[0],
    kind: row[1],
    timeframe: row[2],
    tradingDate: row[3],
    revision: Number(row[4]),
    path: row[5],
    tier: row[6],
    rows: Number(row[7]),
    symbols: Number(row[8]),
    minTs: row[9],
    maxTs: row[10],
    sizeBytes: Number(row[11]),
    sha256: row[12],
    contentHash: row[13],
    schemaVersion: row[14],
    sourceFingerprint: row[15],
    writerVersion: row[16],
    duckdbVersion: row[17],
    version: Number(row[18]),
    publishedAt: row[19],
    correctionId: row[20] === null ? undefined : Number(row[20]),
  };
}

/** A row of `months` as a value. */
export function monthEntryOf(row: ManifestRow): MonthEntry {
  return {
    exchange: row['exchange'] as string,
    timeframe: row['timeframe'] as StoredTimeframe,
    month: row['month'] as string,
    path: row['path'] as string,
    rows: Number(row['rows']),
    symbols: Number(row['symbols']),
    minTs: row['min_ts'] as bigint,
    maxTs: row['max_ts'] as bigint,
    sizeBytes: Number(row['size_bytes']),
    sha256: row['sha256'] as string,
    inputsDigest: row['inputs_digest'] as string,
    version: Number(row['version']),
  };
}

/** A row of `corrections` as a value. */
export function correctionOf(row: ManifestRow): Correction {
  return {
    id: Number(row['id']),
    prevHash: row['prev_hash'] as string,
    hash: row['hash'] as string,
    at: row['at'] as bigint,
    who: row['who'] as string,
    why: row['why'] as string,
    exchange: row['exchange'] as string,
    tradingDate: row['trading_date'] as string,
    rowsAdded: Number(row['rows_added']),
    rowsRemoved: Number(row['rows_removed']),
    rowsChanged: Number(row['rows_changed']),
  };
}
