import type { Kind } from './layout.ts';
import type { StoredTimeframe } from './timeframe.ts';

/** What a read saw. A later read never has a lower one. */
export interface Watermark {
  readonly manifestVersion: number;
  /** Per exchange: the seq of the newest committed tick (0 when none), and the version of the list of segments. */
  readonly live: Readonly<
    Record<string, { readonly seq: bigint; readonly catalogVersion: number }>
  >;
}

/** Everything a query needs, in one consistent view: files published and live rows, no row twice, none missing. */
export interface MarketDataRequest {
  readonly exchange: string;
  readonly kind: Kind;
  /** For candles, the stored timeframe to read. Live rows exist for ticks and 1m only; the query derives the rest. */
  readonly timeframe?: StoredTimeframe | undefined;
  /** Half-open, ns UTC. */
  readonly from: bigint;
  readonly to: bigint;
  /** Only these symbols are needed; the reader may leave out sources that have none of them. */
  readonly symbols?: readonly string[] | undefined;
  /** Use what was published at or before this time (ns UTC); excludes live rows. */
  readonly asOf?: bigint | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One relation of the view. `relation` can stand in FROM and has the columns of a day file's `data` table:
 * ticks `sid, ts, seq, price, volume, bid, ask`; candles `sid, ts, open, high, low, close, volume`. Sources are disjoint.
 */
export interface MarketDataSource {
  readonly origin: 'day' | 'month' | 'archive' | 'segment' | 'tail' | 'live_candles';
  readonly relation: string;
  readonly tradingDates: readonly string[];
  readonly rows: number;
  /** How many symbols the rows belong to, where that is known: lets a query estimate the share it reads. */
  readonly symbols?: number | undefined;
  readonly minTs: bigint;
  readonly maxTs: bigint;
  /** Identity of a published file, for fingerprints; absent for live sources. */
  readonly file?:
    | { readonly path: string; readonly sha256: string; readonly revision: number }
    | undefined;
  /** The published day files whose rows these are: one for a day; all its days for a month, or for the file of many months, whose origin is `month` too; none when live. */
  readonly files?: readonly PublishedFile[] | undefined;
}

/** A revision of a trading date that a read used. */
export interface PublishedFile {
  /** Relative to the data root, with `/`. */
  readonly path: string;
  readonly sha256: string;
  readonly tradingDate: string;
  readonly revision: number;
}

/** Columns as typed arrays: TIMESTAMP_NS and BIGINT as BigInt64Array, DOUBLE as Float64Array, INTEGER as Int32Array, text as string[]. */
export type Column = BigInt64Array | Float64Array | Int32Array | readonly (string | null)[];

export interface ColumnChunk {
  readonly rows: number;
  readonly names: readonly string[];
  readonly columns: readonly Column[];
  /** Per column: undefined when no value is NULL, else 1 where a value is present. Slots of NULLs hold NaN or 0. */
  readonly valid: readonly (Uint8Array | undefined)[];
}

export interface MarketDataSnapshot extends AsyncDisposable {
  readonly watermark: Watermark;
  readonly sources: readonly MarketDataSource[];
  /** sid of a symbol, undefined when the exchange never had it. */
  sidOf(symbol: string): number | undefined;
  symbolOf(sid: number): string | undefined;
  /** Trading dates whose rows meet the range, published or live, ascending; of the exchange, whatever `symbols` says. */
  readonly tradingDates: readonly string[];
  /** When feeds were connected, for telling a gap from a minute without trades. */
  readonly coverage: readonly {
    readonly source: string;
    readonly from: bigint;
    readonly to: bigint;
  }[];
  /** Newest live tick of the exchange and the writer's last heartbeat, ns UTC; undefined without a live buffer. */
  readonly live:
    | { readonly lastTickTs: bigint | undefined; readonly heartbeat: bigint }
    | undefined;
  /**
   * Runs read-only SQL over the relations and streams the result in chunks, bounded in memory. Relations of
   * another open snapshot of the same reader may stand in it as well.
   * Parameters are bound by position. Rows stop when `signal` aborts.
   */
  stream(
    sql: string,
    parameters?: readonly SqlValue[],
    signal?: AbortSignal,
  ): AsyncIterable<ColumnChunk>;
  /**
   * Latest ticks of a symbol in the tail, from memory, without SQL: the highest by (ts, seq), newest last.
   * Only rows of dates not yet published, whatever range the snapshot was asked for.
   */
  lastTicks(sid: number, count: number): readonly LiveTick[];
  /**
   * Writes the rows of a read-only SELECT over the relations to one Parquet file (zstd), which appears whole or not at
   * all. Absent where the reader cannot write files.
   */
  exportParquet?(sql: string, path: string, signal?: AbortSignal): Promise<{ rows: number }>;
}

export interface LiveTick {
  readonly ts: bigint;
  readonly seq: bigint;
  readonly price: number;
  readonly volume: number;
  readonly bid: number;
  readonly ask: number;
}

export type SqlValue = string | number | bigint | boolean | null;

/** What `@tb/queries` is handed; `@tb/manager` implements it. */
export interface MarketDataReader {
  /** @throws `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT`, `SEGMENT_MISSING` */
  snapshot(request: MarketDataRequest): Promise<MarketDataSnapshot>;
  /** `tradingDates` of a snapshot of the same request, without opening a file. `symbols` and `signal` do not matter. */
  tradingDates(
    request: MarketDataRequest,
  ): Promise<{ readonly tradingDates: readonly string[]; readonly watermark: Watermark }>;
  /** Oldest and newest trading date with data, published or live, of an exchange, kind and timeframe; undefined: none. */
  extent(
    exchange: string,
    kind: Kind,
    timeframe?: StoredTimeframe,
  ): Promise<{ readonly first: string; readonly last: string } | undefined>;
}
