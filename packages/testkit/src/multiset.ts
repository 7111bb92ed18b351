import { createHash } from 'node:crypto';

/** A bag of texts: how often each occurs. Rows are compared as bags, since equal ticks are real trades. */
export class Multiset {
  readonly #counts = new Map<string, number>();
  #size = 0;

  static of(items: Iterable<string>): Multiset {
    const out = new Multiset();
    for (const item of items) out.add(item);
    return out;
  }

  get size(): number {
    return this.#size;
  }

  add(item: string, times = 1): void {
    this.#counts.set(item, this.count(item) + times);
    this.#size += times;
  }

  count(item: string): number {
    return this.#counts.get(item) ?? 0;
  }

  /** What is here more often than in `other`, with the surplus; at most `limit` entries. */
  minus(other: Multiset, limit = Number.POSITIVE_INFINITY): Map<string, number> {
    const out = new Map<string, number>();
    for (const [item, times] of this.#counts) {
      if (out.size >= limit) break;
      const surplus = times - other.count(item);
      if (surplus > 0) out.set(item, surplus);
    }
    return out;
  }

  /** SHA-256 over the sorted content: equal for equal bags, whatever the order of arrival. */
  digest(): string {
    const hash = createHash('sha256');
    for (const item of [...this.#counts.keys()].sort())
      hash.update(`${item.length}:${item}*${this.count(item)}\n`);
    return hash.digest('hex');
  }
}
