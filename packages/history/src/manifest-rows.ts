import type { StoredTimeframe } from '@tb/schema';
import type { Correction } from './correction.ts';
import type { MonthEntry } from './day-file.ts';

/** Rows of manifest.db as SQLite gives them with safe integers, and the values they become. */

/** A row by name: text, or bigint for every integer. */
export type ManifestRow = Readonly<Record<string, string | bigint | null>>;

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
