import type { CandleBatch, TickBatch } from '@tb/schema';
import type { Block } from '../input/blocks.ts';

export type AnyBatch = TickBatch | CandleBatch;

/** Rows `from` to `to` of a block, with the key that makes a redelivery of them a duplicate, if they have one. */
export interface KeyedBatch {
  readonly batch: AnyBatch;
  readonly from: number;
}

/** Rows of a file: their key is the sha256 of the file, and the row. */
export function fileBatches(block: Block<AnyBatch>, source: string): KeyedBatch[] {
  return [{ batch: { ...block.batch, source, sourceSeq: block.rows }, from: 0 }];
}

/**
 * Rows of a feed, cut where the source changes, where numbers begin or end, and where they fall: a batch of the live buffer
 * has one source, and its numbers rise. A feed that begins again (101, 102, 90, 91) is cut before 90, and its rows up to
 * the highest number that was stored are duplicates.
 *
 * @param source Of rows that name none.
 */
export function feedBatches(block: Block<AnyBatch>, source: string | undefined): KeyedBatch[] {
  const batches: KeyedBatch[] = [];
  const count = block.rows.length;
  const sourceOf = (row: number): string | undefined => block.source[row] ?? source;
  for (let from = 0; from < count; ) {
    let to = from + 1;
    while (to < count && sourceOf(to) === sourceOf(from) && isNext(block, to)) to++;
    batches.push({ batch: keyed(cut(block.batch, from, to), block, from, sourceOf(from)), from });
    from = to;
  }
  return batches;
}

/** Whether a row may follow the one before it in a batch. */
function isNext({ sourceSeq }: Block<AnyBatch>, row: number): boolean {
  const [before, own] = [sourceSeq[row - 1], sourceSeq[row]];
  if (before === undefined || own === undefined) return before === own;
  return own >= before;
}

/** Without a source the numbers mean nothing. */
function keyed(
  batch: AnyBatch,
  { sourceSeq }: Block<AnyBatch>,
  from: number,
  source: string | undefined,
): AnyBatch {
  if (source === undefined) return batch;
  if (sourceSeq[from] === undefined) return { ...batch, source };
  const own = sourceSeq.slice(from, from + batch.ts.length) as bigint[]; // none is undefined: `isNext`
  return { ...batch, source, sourceSeq: BigInt64Array.from(own) };
}

function cut(batch: AnyBatch, from: number, to: number): AnyBatch {
  if (from === 0 && to === batch.ts.length) return batch;
  const part: Record<string, unknown> = {};
  for (const [name, column] of Object.entries(batch))
    part[name] = ArrayBuffer.isView(column)
      ? (column as Float64Array).subarray(from, to)
      : Array.isArray(column)
        ? column.slice(from, to)
        : column;
  return part as unknown as AnyBatch; // the same columns, shorter
}
