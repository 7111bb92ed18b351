import type { WaitingRows } from '../import/additions.ts';
import type { WaitingPart } from './waiting-rows.ts';

/** What the worker is asked: to copy waiting rows of the live buffer into the stage of a correction. */
export interface WaitingJob {
  readonly root: string;
  readonly exchange: string;
  readonly tradingDate: string;
  readonly part: WaitingPart;
  /** Where `rows` begin, exclusive. */
  readonly afterSeq: bigint | undefined;
  /** Exactly these. */
  readonly rows: WaitingRows;
  /** Absolute; the file does not exist yet. */
  readonly stagePath: string;
  readonly memoryLimitMb: number;
}
