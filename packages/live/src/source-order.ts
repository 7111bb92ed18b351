import type { Entry } from './entry.ts';
import { LiveError } from './errors.ts';
import { NumberRuns } from './number-runs.ts';

/**
 * Keeps the mark of a source from passing rows that were refused: once it has, the same rows sent again count as
 * duplicates, and are lost.
 *
 * Held for each source: the numbers that were refused, and are neither stored nor waiting again. A batch is taken when it
 * begins at or before the lowest of them. It then speaks for its source up to its own last number, so that numbers which
 * it leaves out are gaps of the feed. Batches of a source are written in the order in which they were taken, and when one
 * fails those behind it fail with it (`AppendQueue.fail`); so no batch that is written lies beyond a refused number.
 *
 * This is memory alone: the mark in live.db is below everything that was refused, and right after a restart.
 */
export class SourceOrder {
  readonly #markOf: (source: string) => bigint | undefined;
  readonly #refused = new Map<string, NumberRuns>();

  /** @param markOf The highest number of a source that is stored. */
  constructor(markOf: (source: string) => bigint | undefined) {
    this.#markOf = markOf;
  }

  /** What a batch has to wait for: a number that was refused, below its first one. */
  missing(entry: Entry): bigint | undefined {
    const source = numberedSource(entry);
    const runs = source === undefined ? undefined : this.#refused.get(source);
    if (source === undefined || runs === undefined) return undefined;
    const mark = this.#markOf(source);
    if (mark !== undefined) runs.removeThrough(mark);
    if (runs.lowest === undefined) this.#refused.delete(source);
    return runs.lowest !== undefined && entry.batch.sourceSeq![0]! > runs.lowest
      ? runs.lowest
      : undefined;
  }

  /** A batch that misses nothing waits to be written. */
  noteTaken(entry: Entry): void {
    const source = numberedSource(entry);
    if (source !== undefined)
      this.#refused.get(source)?.removeThrough(entry.batch.sourceSeq!.at(-1)!);
  }

  /** Those rows of a batch that are not settled are not going to be stored. */
  noteRefused(entry: Entry): void {
    const source = numberedSource(entry);
    if (source === undefined) return;
    const runs = this.#refused.get(source) ?? new NumberRuns();
    this.#refused.set(source, runs);
    runs.add(entry.batch.sourceSeq!, entry.done);
  }
}

/** The source of a batch whose rows have numbers of their source; undefined when it has none. */
export function numberedSource({ batch }: Entry): string | undefined {
  return batch.sourceSeq === undefined ? undefined : batch.source;
}

/** @param missing The number from which on the source has to be sent again. */
export function sourceBehind(entry: Entry, missing: bigint, cause?: unknown): LiveError {
  const { source, sourceSeq } = entry.batch;
  return new LiveError(
    'SOURCE_BEHIND',
    `Source ${source}: row ${missing} is not stored, and this batch begins at ${sourceSeq![0]}`,
    { cause },
  );
}
