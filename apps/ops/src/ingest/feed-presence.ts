import type { LiveBuffer } from '@tb/live';
import type { AnyBatch, KeyedBatch } from './keyed-batches.ts';

/** Rows this near to the wall clock are of a feed that is connected now, and not of a replay. */
const CURRENT_NS = 60_000_000_000n;

type Coverage = Pick<LiveBuffer, 'feedConnected' | 'feedDisconnected'>;

/**
 * Says from when to when the sources of a feed are connected: that is coverage, in which a minute without ticks is *no
 * trade* and no gap. A source counts as connected from its first row with a current time to the end of the last input that
 * it came by. Rows of the past, and rows without a source, give no coverage.
 */
export class FeedPresence {
  readonly #live: Coverage;
  readonly #now: () => bigint;
  /** The inputs that a connected source came by. */
  readonly #inputs = new Map<string, Set<object>>();

  constructor(live: Coverage, now: () => bigint) {
    this.#live = live;
    this.#now = now;
  }

  /** Rows of an input are stored. */
  async seen(input: object, batches: readonly KeyedBatch[]): Promise<void> {
    for (const { batch } of batches) {
      const { source } = batch;
      if (source === undefined || this.#inputs.get(source)?.has(input)) continue;
      if (!this.#isCurrent(batch)) continue;
      const inputs = this.#inputs.get(source);
      this.#inputs.set(source, (inputs ?? new Set()).add(input));
      if (inputs === undefined) await this.#live.feedConnected(source);
    }
  }

  /** An input has ended. */
  async ended(input: object): Promise<void> {
    for (const [source, inputs] of this.#inputs) {
      if (!inputs.delete(input) || inputs.size > 0) continue;
      this.#inputs.delete(source);
      await this.#live.feedDisconnected(source);
    }
  }

  #isCurrent({ ts }: AnyBatch): boolean {
    const behind = this.#now() - (ts[ts.length - 1] ?? 0n);
    return behind < CURRENT_NS && behind > -CURRENT_NS;
  }
}
