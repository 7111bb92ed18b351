import type { Explanation, GateResult } from '@tb/history';
import type { Layout } from '@tb/schema';
import type { InputOptions } from '../input/input-options.ts';
import type { Progress } from '../progress.ts';
import type { ImportMode } from './build-job.ts';

/** Why a published date changes, and who says so. */
export interface CorrectionOptions {
  readonly why: string;
  /** The user of the process by default. */
  readonly who?: string | undefined;
}

export interface ImportOptions {
  readonly exchange: string;
  readonly files: readonly string[];
  readonly input: InputOptions;
  /** A date that is published gets a new revision, with this reason in the hash-chained record. */
  readonly correction?: CorrectionOptions | undefined;
  /** `add`: published rows stay, and those of the input join them. Default `replace`. */
  readonly mode?: ImportMode | undefined;
  /** Findings of gates that somebody accepts, with the reason. */
  readonly explained?: readonly Explanation[] | undefined;
  readonly dryRun?: boolean | undefined;
  readonly allowEmpty?: boolean | undefined;
}

export interface ImportTools {
  readonly layout: Layout;
  readonly signal: AbortSignal;
  readonly startedAt: Date;
  readonly progress: Progress;
  readonly waitMs?: number | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
  /** Worker processes that build. Default: one a core, at most 4. */
  readonly workers?: number | undefined;
}

/** What became of one trading date, in the imported kind and timeframe. */
export interface ImportedDate {
  readonly date: string;
  readonly status: 'imported' | 'already_imported' | 'corrected' | 'planned';
  readonly rows: number;
  readonly sha256: string | null;
  /** Absolute. */
  readonly path: string | null;
  readonly revision: number | null;
}

export interface ImportResult {
  readonly status: ImportedDate['status'];
  readonly rowsRead: number;
  readonly rowsAccepted: number;
  readonly rowsDuplicate: number;
  readonly rowsRejected: number;
  readonly rejectedFile: string | null;
  readonly days: readonly ImportedDate[];
  readonly findings: readonly GateResult[];
}
