import type { RejectedRow } from '../input/blocks.ts';
import type { InputOptions } from '../input/input-options.ts';

/** What the stage worker is asked to do: read files, check rows, keep them by trading date in a DuckDB file. */
export interface StageJob {
  readonly root: string;
  readonly exchange: string;
  readonly files: readonly string[];
  readonly input: InputOptions;
  /** Absolute; the file does not exist yet. */
  readonly stagePath: string;
  /** Registers no symbols: new ones get numbers that live only in this run. */
  readonly dryRun: boolean;
}

export type StageEvent =
  | { readonly type: 'rejected'; readonly rows: readonly RejectedRow[] }
  | { readonly type: 'read'; readonly rowsRead: number };

/** Rows of one trading date in the stage. */
export interface StagedDate {
  readonly tradingDate: string;
  readonly rows: number;
  readonly symbols: number;
}

export interface StageResult {
  readonly rowsRead: number;
  /** Candles equal in every column to an earlier one of the input. */
  readonly rowsDuplicate: number;
  readonly dates: readonly StagedDate[];
  /** sid to text of every symbol of the stage. */
  readonly symbols: ReadonlyMap<number, string>;
  /** sha256 over the sha256 of each input, in order. */
  readonly sourceFingerprint: string;
}

/**
 * SELECT of one trading date of a stage, with the columns of a day file. Ticks are numbered in the order of the input, from
 * `firstSeq`: seq orders the ticks of one date, and an imported date has no live buffer to share numbers with.
 */
export function stagedRowsSql(
  kind: 'ticks' | 'candles',
  catalog: string,
  tradingDate: string,
  firstSeq = 1n,
): string {
  const from = `${catalog}.stage WHERE day = DATE '${tradingDate}'`;
  return kind === 'ticks'
    ? `SELECT sid, make_timestamp_ns(ts) AS ts, ${firstSeq - 1n} + row_number() OVER (ORDER BY file, row) AS seq, v1 AS price, v2 AS volume, v3 AS bid, v4 AS ask FROM ${from}`
    : `SELECT sid, make_timestamp_ns(ts) AS ts, v1 AS open, v2 AS high, v3 AS low, v4 AS close, v5 AS volume FROM ${from}`;
}
