/**
 * Puts the numbered messages of a feed in order. The live buffer keeps one mark a source, and a number at or below it counts
 * as delivered before: so a message that overtook others waits here for them. When they do not come, the feed has a gap,
 * which the live buffer counts, and what waited goes on.
 */
export class InOrder {
  /** Messages that were dropped: given out before, or waiting already, or too late for their gap. */
  dropped = 0;
  #waiting = new Map();
  #next;
  #sinceMs = 0;
  #isHeld = true;
  #patienceMs;
  #maxWaiting;
  #now;

  /**
   * @param {object} options
   * @param {number} [options.after] The last number that is stored; without it the feed begins with the lowest number
   *   that comes while patience lasts.
   * @param {number} [options.patienceMs] How long a gap may stop what is behind it.
   * @param {number} [options.maxWaiting] How many messages may wait behind it.
   * @param {() => number} [options.now] Monotonic clock, ms.
   */
  constructor({
    after,
    patienceMs = 500,
    maxWaiting = 10_000,
    now = () => performance.now(),
  } = {}) {
    this.#next = after === undefined ? undefined : after + 1;
    this.#patienceMs = patienceMs;
    this.#maxWaiting = maxWaiting;
    this.#now = now;
  }

  /** Highest number that was given out; undefined before the first. */
  get last() {
    return this.#next === undefined ? undefined : this.#next - 1;
  }

  get size() {
    return this.#waiting.size;
  }

  /** While the feed is away no gap is given up: what is missing comes when it is back. */
  hold() {
    this.#isHeld = true;
  }

  /** The feed is back: patience begins anew. */
  resume() {
    this.#isHeld = false;
    if (this.#next !== undefined) this.#sinceMs = this.#now();
  }

  add(number, message) {
    if (this.#waiting.has(number) || (this.#next !== undefined && number < this.#next)) {
      this.dropped += 1;
      return;
    }
    if (this.#waiting.size === 0) this.#sinceMs = this.#now();
    this.#waiting.set(number, message);
  }

  /** Messages in order, as far as there is no gap; and beyond one that patience or room has run out for. */
  take() {
    const out = [];
    this.#run(out);
    while (this.#waiting.size > 0 && this.#isGivenUp()) {
      this.#next = lowest(this.#waiting.keys());
      this.#run(out);
    }
    return out;
  }

  #run(out) {
    for (; this.#waiting.has(this.#next); this.#next += 1) {
      out.push(this.#waiting.get(this.#next));
      this.#waiting.delete(this.#next);
      this.#sinceMs = this.#now();
    }
  }

  #isGivenUp() {
    if (this.#waiting.size >= this.#maxWaiting) return true;
    // Before the first number is known there is no gap: a feed that breaks again and again begins all the same.
    const isHeld = this.#isHeld && this.#next !== undefined;
    return !isHeld && this.#now() - this.#sinceMs >= this.#patienceMs;
  }
}

function lowest(numbers) {
  let least = Number.POSITIVE_INFINITY;
  for (const number of numbers) if (number < least) least = number;
  return least;
}
