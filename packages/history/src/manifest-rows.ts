import type { Kind, StoredTimeframe } from '@tb/schema';
import type { Correction } from './correction.ts';
import type { FileEntry, MonthEntry, Tier } from './day-file.ts';

/** Rows of manifest.db as SQLite gives them with safe integers, and the values they become. */

/** A row of `files`: text, or bigint for every integer. */
export type FileRow = Readonly<Record<string, string | bigint | null>>;

/** A row of `files` as a value. */
export function fileEntryOf(row: FileRow): FileEntry {
  const correction = row['correction_id'] as bigint | null;
  return {
    exchange: row['exchange'] as string,
    kind: row['kind'] as Kind,
    timeframe: row['timeframe'] as StoredTimeframe | '',
    tradingDate: row['trading_date'] as string,
    revision: Number(row['revision']),
    path: row['path'] as string,
    tier: row['tier'] as Tier,
    rows: Number(row['rows']),
    symbols: Number(row['symbols']),
    minTs: row['min_ts'] as bigint | null,
    maxTs: row['max_ts'] as bigint | null,
    sizeBytes: Number(row['size_bytes']),
    sha256: row['sha256'] as string,
    contentHash: row['content_hash'] as string,
    schemaVersion: row['schema_version'] as string,
    sourceFingerprint: row['source_fingerprint'] as string,
    writerVersion: row['writer_version'] as string,
    duckdbVersion: row['duckdb_version'] as string,
    version: Number(row['version']),
    publishedAt: row['published_at'] as bigint,
    correctionId: correction === null ? undefined : Number(correction),
  };
}

/** A row of `months` as a value. */
export function monthEntryOf(row: FileRow): MonthEntry {
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
export function correctionOf(row: FileRow): Correction {
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
