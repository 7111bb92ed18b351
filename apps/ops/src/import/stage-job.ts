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
  /** Rows by input file, as an index into the files of the job. */
  readonly files: ReadonlyMap<number, number>;
}

export interface StageResult {
  readonly rowsRead: number;
  /** Candles equal in every column to an earlier one of the input. */
  readonly rowsDuplicate: number;
  readonly dates: readonly StagedDate[];
  /** sid to text of every symbol of the stage. */
  readonly symbols: ReadonlyMap<number, string>;
  /** sha256 of each input file, hex. */
  readonly sha256: readonly string[];
}

/** The table of a stage: v1 ... v5 are price, volume, bid, ask, nothing; or open, high, low, close, volume. */
export const STAGE_COLUMNS =
  'day DATE NOT NULL, sid INTEGER NOT NULL, ts BIGINT NOT NULL, file INTEGER NOT NULL, row BIGINT NOT NULL, v1 DOUBLE, v2 DOUBLE, v3 DOUBLE, v4 DOUBLE, v5 DOUBLE';

/** Which rows of a stage. */
export interface StagedRows {
  readonly tradingDate: string;
  /** Input files whose rows are left out. */
  readonly skippedFiles: readonly number[];
}

/** FROM and WHERE of the rows of one trading date; the stage is attached as `staged`. */
export function stagedFrom({ tradingDate, skippedFiles }: StagedRows): string {
  const skipped = skippedFiles.length === 0 ? '' : ` AND file NOT IN (${skippedFiles.join(', ')})`;
  return `staged.stage WHERE day = DATE '${tradingDate}'${skipped}`;
}

/**
 * SELECT of one trading date of a stage, with the columns of a day file.
 * @param seq Of ticks, as SQL over `file` and `row`; they are numbered in the order of the input from 1 when it is left out.
 */
export function stagedRowsSql(kind: 'ticks' | 'candles', rows: StagedRows, seq?: string): string {
  const from = stagedFrom(rows);
  return kind === 'ticks'
    ? `SELECT sid, make_timestamp_ns(ts) AS ts, ${seq ?? inInputOrder(0n)} AS seq, v1 AS price, v2 AS volume, v3 AS bid, v4 AS ask FROM ${from}`
    : `SELECT sid, make_timestamp_ns(ts) AS ts, v1 AS open, v2 AS high, v3 AS low, v4 AS close, v5 AS volume FROM ${from}`;
}

/** Numbers ticks after a seq: it orders the ticks of one date, and an imported date has no live buffer to share numbers with. */
export function inInputOrder(after: bigint): string {
  return `${after} + row_number() OVER (ORDER BY file, row)`;
}

/** Keeps the numbers of the live buffer, which a stage of it has as `row`; shifted where they are not above `after`. */
export function asNumbered(after: bigint, rows: StagedRows): string {
  return `row + greatest(0, ${after} + 1 - (SELECT min(row) FROM ${stagedFrom(rows)}))`;
}
