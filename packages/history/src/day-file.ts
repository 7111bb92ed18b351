import type { DayFileKey, Kind, StoredTimeframe } from '@tb/schema';

/** What tells one file on a disk from another without reading it. Decimal text, so that it survives JSON. */
export interface FileIdentity {
  readonly dev: string;
  readonly ino: string;
  readonly size: string;
  readonly mtimeNs: string;
}

/**
 * A file that is complete, verified and on the disk under a temporary name, and not published. Plain data: a child
 * process can send it as JSON.
 */
export interface BuiltFile extends DayFileKey {
  /** Relative to the root, with `/`. */
  readonly tempPath: string;
  /** Final name, relative to the root, with `/`. */
  readonly path: string;
  readonly rows: number;
  /** Distinct symbols. */
  readonly symbols: number;
  /** ns UTC as decimal text; null in a file without rows. */
  readonly minTs: string | null;
  readonly maxTs: string | null;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Multiset hash of the rows; compare within one DuckDB version. */
  readonly contentHash: string;
  readonly schemaVersion: string;
  readonly sourceFingerprint: string;
  readonly writerVersion: string;
  readonly duckdbVersion: string;
  readonly identity: FileIdentity;
}

/** `hot` = day file, `archive` = Parquet, `pruned` = removed by rule; the record stays. */
export type Tier = 'hot' | 'archive' | 'pruned';

/** A row of the manifest: one published file. */
export interface FileEntry extends DayFileKey {
  readonly path: string;
  readonly tier: Tier;
  readonly rows: number;
  readonly symbols: number;
  /** ns UTC; null in a file without rows. */
  readonly minTs: bigint | null;
  readonly maxTs: bigint | null;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly contentHash: string;
  readonly schemaVersion: string;
  readonly sourceFingerprint: string;
  readonly writerVersion: string;
  readonly duckdbVersion: string;
  /** The manifest version that published it. */
  readonly version: number;
  /** ns UTC. */
  readonly publishedAt: bigint;
  readonly correctionId: number | undefined;
}

/** A derived file of the trading dates of one calendar month, or, where days have few candles, of all closed months. */
export interface MonthEntry {
  readonly exchange: string;
  readonly timeframe: StoredTimeframe;
  /** `YYYY-MM`; `..YYYY-MM` for the file of everything up to that month. */
  readonly month: string;
  readonly path: string;
  readonly rows: number;
  /** Distinct symbols. */
  readonly symbols: number;
  readonly minTs: bigint;
  readonly maxTs: bigint;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** Digest of the day revisions it was made from. */
  readonly inputsDigest: string;
  readonly version: number;
}

/** `nse ticks 2026-02-02 r1`: how messages name a file. */
export function dayFileLabel(key: DayFileKey): string {
  const kind = key.kind === 'ticks' ? 'ticks' : `candles ${key.timeframe}`;
  return `${key.exchange} ${kind} ${key.tradingDate} r${key.revision}`;
}

/** Columns of `data` in stored order, with the types that both sides of a comparison are cast to. */
export const COLUMNS: Readonly<Record<Kind, readonly (readonly [name: string, type: string])[]>> = {
  ticks: [
    ['sid', 'INTEGER'],
    ['ts', 'TIMESTAMP_NS'],
    ['seq', 'BIGINT'],
    ['price', 'DOUBLE'],
    ['volume', 'DOUBLE'],
    ['bid', 'DOUBLE'],
    ['ask', 'DOUBLE'],
  ],
  candles: [
    ['sid', 'INTEGER'],
    ['ts', 'TIMESTAMP_NS'],
    ['open', 'DOUBLE'],
    ['high', 'DOUBLE'],
    ['low', 'DOUBLE'],
    ['close', 'DOUBLE'],
    ['volume', 'DOUBLE'],
  ],
};

/** The sort of `data`: total for ticks by `seq`, for candles because (sid, ts) is a key. */
export const SORT: Readonly<Record<Kind, string>> = {
  ticks: 'sid, ts, seq',
  candles: 'sid, ts',
};
