import type { ColumnChunk, Watermark } from '@tb/schema';

/** Limits of read-only SQL. */
export interface SqlOptions {
  /** DuckDB's text. Default '512MB'. */
  readonly memoryLimit?: string | undefined;
  /** Default 2. */
  readonly threads?: number | undefined;
  /** From the start of a query to its last row, ms. Default 30,000. */
  readonly timeoutMs?: number | undefined;
}

/** The answer to one query. Iterate `chunks` to the end, or leave the loop: both give everything back. */
export interface SqlResult {
  /** What the query saw; null when it read no view. */
  readonly watermark: Watermark | null;
  /** `type` is DuckDB's name, e.g. VARCHAR, TIMESTAMP_NS (ns UTC), DOUBLE. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly chunks: AsyncIterable<ColumnChunk>;
}

/**
 * Read-only SQL over `ticks`, `candles_1m`, `candles_5m`, `candles_15m`, `candles_1h` and `candles_1d`: columns `exchange,
 * symbol, ts, ...`, history and live united. Each query sees one moment, in a DuckDB instance of its own that can reach
 * no file beyond those of its views, no network, and no setting.
 */
export interface SqlSession extends AsyncDisposable {
  /** Names of the views. */
  readonly views: readonly string[];
  /**
   * @param sql One SELECT, WITH or DESCRIBE.
   * @throws `SQL_REFUSED`, `SQL_TIMEOUT`, `SQL_MEMORY`, `QUERY_ABORTED`; `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT`,
   *   `CALENDAR_MISSING`
   */
  query(sql: string, signal?: AbortSignal): Promise<SqlResult>;
  close(): Promise<void>;
}
