import type { LiveSnapshot } from '@tb/live';
import { liveMarker, throughSeqOf, type WaitingRows } from '../import/additions.ts';

/** Where rows of a published trading date wait in the live buffer: as a date of their own, or set aside as late ones. */
export type WaitingPart = 'date' | 'late';

/** Seqs above `afterSeq`, up to `throughSeq`. */
export interface SeqRange {
  readonly afterSeq?: bigint | undefined;
  readonly throughSeq?: bigint | undefined;
}

/** Ticks of a part; undefined when there are none. Batches of `late` are never parted. */
export function waitingRows(
  snapshot: LiveSnapshot,
  tradingDate: string,
  part: WaitingPart,
  range: SeqRange = {},
): WaitingRows | undefined {
  const all = part === 'late' ? snapshot.late : [...snapshot.tail, ...snapshot.segments];
  const own = all.filter((each) => each.tradingDate === tradingDate && isIn(each.lastSeq, range));
  if (own.length === 0) return undefined;
  return {
    throughSeq: sorted(own.map((each) => each.lastSeq)).pop() as bigint, // there is one
    rows: own.reduce((sum, each) => sum + each.rows, 0),
    minTs: sorted(own.map((each) => each.minTs))[0] as bigint,
    maxTs: sorted(own.map((each) => each.maxTs)).pop() as bigint,
  };
}

function sorted(values: readonly bigint[]): bigint[] {
  return [...values].sort((a, b) => (a < b ? -1 : 1));
}

/** Whether the last seq of a batch lies in a range. */
export function isIn(lastSeq: bigint, { afterSeq = -1n, throughSeq }: SeqRange): boolean {
  return lastSeq > afterSeq && (throughSeq === undefined || lastSeq <= throughSeq);
}

/** Up to which seq the late rows of a date were added to its published ticks before; undefined: none was. */
export function addedThrough(
  snapshot: LiveSnapshot,
  tradingDate: string,
  additions: ReadonlySet<string>,
): bigint | undefined {
  const seqs = [...additions].map(throughSeqOf).filter((seq) => seq !== undefined);
  let afterSeq: bigint | undefined;
  for (const throughSeq of sorted(seqs)) {
    const rows = waitingRows(snapshot, tradingDate, 'late', { afterSeq, throughSeq });
    if (rows && additions.has(liveMarker(rows))) afterSeq = rows.throughSeq;
  }
  return afterSeq;
}
