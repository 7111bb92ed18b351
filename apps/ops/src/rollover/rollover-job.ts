import type { DayResult, Explanation, FileEntry } from '@tb/history';

/** What the worker is asked to build: one frozen trading date of one live buffer. */
export interface RolloverJob {
  readonly root: string;
  readonly exchange: string;
  readonly tradingDate: string;
  readonly revision: number;
  /** undefined in a dry run of a date that is still open. */
  readonly frozenSeq: bigint | undefined;
  /** The instrument list; without it the symbols of `previous` are expected. */
  readonly expectedSymbols: readonly string[] | undefined;
  /** A published file of the session before. */
  readonly previous: FileEntry | undefined;
  readonly explained: readonly Explanation[];
  readonly dryRun: boolean;
  /** Of DuckDB; by default what the symbols of the date want. */
  readonly memoryLimitMb: number | undefined;
}

/** What the worker built. */
export interface RolloverBuild extends DayResult {
  /** Whether the date has candles that were supplied: they are in no tick. */
  readonly hasSupplied: boolean;
}

/** How a published file says that it came from the live buffer, and which rows of it. */
export function liveFingerprint(exchange: string, tradingDate: string, frozenSeq: bigint): string {
  return `live/${exchange}/${tradingDate}/${frozenSeq}`;
}

/** The `frozenSeq` of such a fingerprint; undefined for files from elsewhere. */
export function frozenSeqOf(fingerprint: string): bigint | undefined {
  const seq = /^live\/[^/]+\/[^/]+\/(\d+)$/.exec(fingerprint)?.[1];
  return seq === undefined ? undefined : BigInt(seq);
}
