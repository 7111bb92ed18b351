import type { ClockBasis } from './clock.ts';
import type { TableResult } from './table-tally.ts';

/** How the naive times of a column were read. */
export interface ClockResult {
  readonly table: string;
  readonly column: string;
  /** `mixed`: block by block; null: no row tells, and nothing was stated. */
  readonly clock: 'utc' | 'Asia/Kolkata' | 'mixed' | null;
  readonly basis: ClockBasis;
  /** Rows whose clock stays open. */
  readonly unclearRows: number;
  /** What to state when rows are unclear. */
  readonly hint: string | null;
}

/** Something to know that changed no row. */
export interface MigrationFinding {
  /** `gate`, `position`, `run` ... */
  readonly kind: string;
  readonly subject: string;
  readonly observed: string;
}

/** What `tb migrate` answers. */
export interface MigrationResult {
  readonly source: {
    readonly path: string;
    readonly sha256: string;
    readonly sizeBytes: number;
    readonly walSha256: string | null;
  };
  readonly tables: readonly TableResult[];
  /** null when no row was quarantined, and in a dry run. */
  readonly quarantineFile: string | null;
  readonly archive: {
    readonly path: string;
    readonly sha256: string | null;
    readonly sizeBytes: number | null;
  };
  readonly clocks: readonly ClockResult[];
  readonly findings: readonly MigrationFinding[];
  /** Day files that were published, and trading dates that were there already. */
  readonly marketData: {
    readonly dates: number;
    readonly files: number;
    readonly alreadyThere: number;
  };
  readonly runs: number;
}
