import type { BuiltFile, DayResult, FileEntry, GateResult, RowChanges } from '@tb/history';
import type { InputOptions } from '../input/input-options.ts';

/** One trading date of a stage, and what is published of it. */
export interface ImportDate {
  readonly tradingDate: string;
  readonly rows: number;
  readonly revision: number;
  /** Newest revision of each kind and timeframe. */
  readonly published: readonly FileEntry[];
}

/** What a worker is asked: to compare staged dates with the published ones, or to build them. */
export interface BuildJob {
  readonly root: string;
  readonly exchange: string;
  readonly stagePath: string;
  readonly input: Pick<InputOptions, 'kind' | 'timeframe'>;
  readonly dates: readonly ImportDate[];
  readonly symbols: ReadonlyMap<number, string>;
  readonly sourceFingerprint: string;
  readonly dryRun: boolean;
  readonly memoryLimitMb: number;
}

/** Whether the published rows of a date are those of the stage. */
export interface ComparedDate {
  readonly tradingDate: string;
  readonly isIdentical: boolean;
}

/** A date that was built; the parent places and publishes it. */
export interface BuiltDate {
  readonly tradingDate: string;
  readonly files: readonly BuiltFile[];
  readonly gates: readonly GateResult[];
  readonly ok: boolean;
  readonly rows: DayResult['rows'];
  /** Against the published rows of the imported kind and timeframe; for a correction. */
  readonly changes: RowChanges | undefined;
}

/** The published file of the kind and timeframe that is imported. */
export function publishedOf(date: ImportDate, input: BuildJob['input']): FileEntry | undefined {
  return date.published.find(
    (file) => file.kind === input.kind && file.timeframe === input.timeframe,
  );
}
