import { runWorker } from '../worker/run-worker.ts';

/** Rows of each symbol on each trading date of an exchange. */
export interface ExchangeCoverage {
  readonly exchange: string;
  /** What is counted: 1m candles, or ticks where there are no candles. */
  readonly unit: 'candles' | 'ticks';
  /** Sessions of the calendar and dates with data, ascending. */
  readonly days: readonly CoverageDay[];
  /** By symbol. */
  readonly symbols: readonly SymbolCoverage[];
}

export interface CoverageDay {
  readonly tradingDate: string;
  readonly state: 'published' | 'live' | 'missing' | 'unreadable';
  /** Candles that the regular session holds; undefined for ticks and for a date without a session. */
  readonly expected: number | undefined;
  /** Why the file of the date could not be read. */
  readonly problem: string | undefined;
}

export interface SymbolCoverage {
  readonly symbol: string;
  /** Rows, one number a day of the exchange. */
  readonly rows: readonly number[];
}

/** The equity curve of one run, or why there is none. */
export interface RunCurve {
  readonly runId: string;
  /** ns UTC. */
  readonly ts: BigInt64Array;
  readonly equity: Float64Array;
  readonly problem: string | undefined;
}

export interface FactsJob {
  readonly root: string;
  /** At most so many sessions before the newest date, per exchange. */
  readonly days: number;
  /** Finished runs whose curves are wanted. */
  readonly runs: readonly {
    readonly runId: string;
    readonly path: string;
    readonly sha256: string;
  }[];
}

export interface ReportFacts {
  readonly coverage: readonly ExchangeCoverage[];
  readonly curves: readonly RunCurve[];
}

/**
 * Reads what stands in DuckDB files, in a child process, each file after its sha256 was checked. A file that is missing or
 * damaged is told in its place; the rest is read.
 * @throws `WORKER_FAILED`, `INTERRUPTED`
 */
export function readFacts(job: FactsJob, signal: AbortSignal | undefined): Promise<ReportFacts> {
  return runWorker<ReportFacts>('report/facts-worker.js', job, { signal });
}
