import type { SegmentStep } from './event.ts';
import type { SegmentEntry } from './live-snapshot.ts';

interface JobBase {
  readonly exchange: string;
  readonly tradingDate: string;
  /** Absolute path of the folder of the segments. */
  readonly segmentsDir: string;
  /** Number of the new segment: reserved, never used again. */
  readonly id: number;
  readonly epoch: number;
  readonly memoryLimitMb: number;
}

/** Writes the tail of a date up to a seq as a segment. */
export interface SealJob extends JobBase {
  readonly kind: 'seal';
  readonly liveDb: string;
  readonly throughSeq: bigint;
}

/** Writes segments of one date as one. */
export interface CompactJob extends JobBase {
  readonly kind: 'compact';
  readonly inputs: readonly SegmentEntry[];
}

/** Compares a file that no list names with what live.db holds of its date. */
export interface InspectJob extends Omit<JobBase, 'id' | 'epoch' | 'tradingDate'> {
  readonly kind: 'inspect';
  readonly liveDb: string;
  readonly path: string;
}

export type SegmentJob = SealJob | CompactJob | InspectJob;

/** A segment that is durable under its final name, and listed nowhere yet. */
export interface BuiltSegment {
  readonly id: number;
  readonly fileName: string;
  readonly firstSeq: bigint;
  readonly lastSeq: bigint;
  readonly rows: number;
  readonly minTs: bigint;
  readonly maxTs: bigint;
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface Inspection {
  readonly tradingDate: string;
  readonly rows: number;
  /** Whether live.db has every row of the file, in the tail or in segments that are listed. */
  readonly isCovered: boolean;
}

/** What parent and child say to each other. The child waits for `go` before each step it announces. */
export type ChildMessage =
  | { readonly type: 'step'; readonly step: SegmentStep }
  | { readonly type: 'built'; readonly built: BuiltSegment }
  | { readonly type: 'inspected'; readonly inspection: Inspection }
  | { readonly type: 'error'; readonly message: string; readonly code: string };

export type ParentMessage =
  | { readonly type: 'job'; readonly job: SegmentJob }
  | { readonly type: 'go' };

/** `000042.duckdb`; more than six digits when needed. */
export function segmentFileName(id: number): string {
  return `${String(id).padStart(6, '0')}.duckdb`;
}

/** The number in a segment's name; undefined for any other name. */
export function segmentIdOf(fileName: string): number | undefined {
  const digits = /^(\d{6,12})\.duckdb$/.exec(fileName)?.[1];
  const id = Number(digits);
  return digits !== undefined && segmentFileName(id) === fileName ? id : undefined;
}
