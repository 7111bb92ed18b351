import type { MarketDataQuery } from '@tb/queries';
import type { Reference } from './reference.ts';

/** What the figures are measured on: a data root, and one sorted file with the same rows. */
export interface Bench {
  readonly root: string;
  /** Path of the sorted file. */
  readonly reference: string;
  readonly query: MarketDataQuery;
  readonly raw: Reference;
  /** sid of the first symbol; the others follow it. */
  readonly firstSid: number;
}

/** How the times of a ratio are told beside it. */
export function detailOf(ours: number, theirs: number): string {
  return `${ours.toFixed(1)} ms, raw ${theirs.toFixed(1)} ms`;
}
