import type { Kind, StoredTimeframe } from '@tb/schema';
import type { FileEntry, Tier } from './day-file.ts';

/** A row of `files` by position, in the order of `FILE_COLUMNS`. */
export type FileRow = readonly [
  group: string,
  tradingDate: string,
  revision: bigint,
  tier: Tier,
  minTs: bigint | null,
  maxTs: bigint | null,
  publishedAt: bigint,
  contentHash: string,
  rest: string,
];

/**
 * For a SELECT that `raw()` gives by position. What a plan looks at are columns, the rest is one text: ten years of 1d are
 * 2,500 rows, of which a query opens a file or two, and a value from SQLite costs 0.1 us and lives until the manifest changes.
 */
export const FILE_COLUMNS: string =
  "exchange || '/' || kind || '/' || timeframe, trading_date, revision, tier, min_ts, max_ts, published_at, content_hash, " +
  'json_array(path, rows, symbols, size_bytes, sha256, schema_version, source_fingerprint, writer_version, duckdb_version, version, correction_id)';

/** The columns of `rest`. */
type Rest = readonly [
  path: string,
  rows: number,
  symbols: number,
  sizeBytes: number,
  sha256: string,
  schemaVersion: string,
  sourceFingerprint: string,
  writerVersion: string,
  duckdbVersion: string,
  version: number,
  correctionId: number | null,
];

/** One published file of a group: what plans look at, and the whole record on request. Never changes. */
export class FileRecord {
  readonly tradingDate: string;
  readonly revision: number;
  readonly tier: Tier;
  /** ns UTC; null in a file without rows. */
  readonly minTs: bigint | null;
  readonly maxTs: bigint | null;
  /** ns UTC. */
  readonly publishedAt: bigint;
  readonly contentHash: string;
  readonly #group: string;
  readonly #rest: string;
  #entry: FileEntry | undefined;

  constructor(row: FileRow) {
    this.#group = row[0];
    this.tradingDate = row[1];
    this.revision = Number(row[2]);
    this.tier = row[3];
    this.minTs = row[4];
    this.maxTs = row[5];
    this.publishedAt = row[6];
    this.contentHash = row[7];
    this.#rest = row[8];
  }

  /** The row of the manifest as a value; the same object each time. */
  entry(): FileEntry {
    this.#entry ??= this.#toEntry();
    return this.#entry;
  }

  #toEntry(): FileEntry {
    const [exchange, kind, timeframe] = this.#group.split('/') as [string, Kind, StoredTimeframe];
    const rest = JSON.parse(this.#rest) as Rest;
    return {
      exchange,
      kind,
      timeframe,
      tradingDate: this.tradingDate,
      revision: this.revision,
      path: rest[0],
      tier: this.tier,
      rows: rest[1],
      symbols: rest[2],
      minTs: this.minTs,
      maxTs: this.maxTs,
      sizeBytes: rest[3],
      sha256: rest[4],
      contentHash: this.contentHash,
      schemaVersion: rest[5],
      sourceFingerprint: rest[6],
      writerVersion: rest[7],
      duckdbVersion: rest[8],
      version: rest[9],
      publishedAt: this.publishedAt,
      correctionId: rest[10] ?? undefined,
    };
  }
}
