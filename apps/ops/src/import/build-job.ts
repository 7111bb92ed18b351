import type {
  BuiltFile,
  DayResult,
  Explanation,
  FileEntry,
  GateResult,
  RowChanges,
} from '@tb/history';
import type { InputOptions } from '../input/input-options.ts';
import type { StagedRows } from './stage-job.ts';

/** One trading date of a stage, and what is published of it. */
export interface ImportDate extends StagedRows {
  /** Rows of the stage, without those of skipped files. */
  readonly rows: number;
  /** Rows of skipped files: they were added before. */
  readonly rowsSkipped: number;
  readonly revision: number;
  /** Newest revision of each kind and timeframe. */
  readonly published: readonly FileEntry[];
  /** Published candles that were never made from the published ticks: those of a vendor. */
  readonly vendorTimeframes: readonly string[];
  readonly sourceFingerprint: string;
}

/**
 * What becomes of the published rows of a symbol that the stage has: `replace` drops them, `add` keeps them beside the
 * staged ones.
 */
export type ImportMode = 'replace' | 'add';

/** What a worker is asked: to compare staged dates with the published ones, or to build them. */
export interface BuildJob {
  readonly root: string;
  readonly exchange: string;
  readonly stagePath: string;
  readonly input: Pick<InputOptions, 'kind' | 'timeframe'>;
  readonly mode: ImportMode;
  /** Staged ticks are numbered in the order of the input, or keep the seqs of the live buffer that they came from. */
  readonly numbering: 'input' | 'live';
  readonly dates: readonly ImportDate[];
  readonly symbols: ReadonlyMap<number, string>;
  /** Findings that somebody accepts. */
  readonly explained: readonly Explanation[];
  readonly dryRun: boolean;
  readonly memoryLimitMb: number;
}

/** A published file that is gone or damaged, and what was seen. Plain data. */
export interface LostFile {
  readonly file: FileEntry;
  readonly reason: string;
}

/** Whether the published rows of a date are those of the stage. */
export interface ComparedDate {
  readonly tradingDate: string;
  readonly isIdentical: boolean;
}

/** A date that was built; the parent places and publishes it. */
export interface BuiltDate {
  readonly tradingDate: string;
  /** Those whose content is not published yet. */
  readonly files: readonly BuiltFile[];
  /** Published files that cannot be read, which `files` replace. */
  readonly lost: readonly LostFile[];
  readonly gates: readonly GateResult[];
  readonly ok: boolean;
  readonly rows: DayResult['rows'];
  /** Staged candles that are published already. */
  readonly rowsDuplicate: number;
  /** Against the published rows of the imported kind and timeframe; for a correction. */
  readonly changes: RowChanges | undefined;
}

/** The published file of the kind and timeframe that is imported. */
export function publishedOf(date: ImportDate, input: BuildJob['input']): FileEntry | undefined {
  return date.published.find(
    (file) => file.kind === input.kind && file.timeframe === input.timeframe,
  );
}
