import type { Slice } from './admit.ts';
import type { Entry } from './entry.ts';
import { LiveError } from './errors.ts';
import type { BackpressureOptions } from './options.ts';
import { FLUSH_ROWS } from './staging.ts';

/** What a waiting tick takes in memory, as the limit counts it. */
const ROW_BYTES = 44;

/** Calls that wait to be written: live ones first, backfill when nothing else waits. Bounded in rows and bytes. */
export class AppendQueue {
  readonly #policy: 'refuse' | 'block' | 'dropOldest';
  readonly #maxRows: number;
  readonly #live: Entry[] = [];
  readonly #backfill: Entry[] = [];
  readonly #waiting: Entry[] = [];
  #rows = 0;
  refused = 0;

  constructor(options: BackpressureOptions = {}) {
    this.#policy = options.policy ?? 'refuse';
    const maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
    this.#maxRows = Math.min(options.maxRows ?? 250_000, Math.floor(maxBytes / ROW_BYTES));
  }

  /** Rows that wait, of calls that were admitted. */
  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#rows * ROW_BYTES;
  }

  get isEmpty(): boolean {
    return this.#live.length === 0 && this.#backfill.length === 0;
  }

  /** When the oldest waiting call came, by the monotonic clock. */
  get oldestAtMs(): number {
    const times = [this.#live[0]?.queuedAtMs, this.#backfill[0]?.queuedAtMs];
    return Math.min(...times.map((time) => time ?? Number.POSITIVE_INFINITY));
  }

  /**
   * Admits a call, by the policy. A call larger than the whole queue is admitted when the queue is empty.
   * @returns Calls that had to make room, with `dropOldest`.
   * @throws `BACKPRESSURE`, with `refuse`.
   */
  push(entry: Entry): readonly Entry[] {
    const dropped: Entry[] = [];
    if (this.#waiting.length === 0 && this.#fits(entry)) {
      this.#admit(entry);
      return dropped;
    }
    if (this.#policy === 'block') {
      this.#waiting.push(entry); // its promise is pending anyway: it is admitted when others have left
      return dropped;
    }
    if (this.#policy === 'refuse') {
      this.refused += entry.rows;
      throw new LiveError(
        'BACKPRESSURE',
        `${this.#rows} rows wait for the disk, ${entry.rows} more exceed the limit of ${this.#maxRows}`,
      );
    }
    while (!this.#fits(entry)) {
      const oldest = this.#oldestUntouched();
      if (oldest === undefined) break;
      dropped.push(oldest);
    }
    this.#admit(entry);
    return dropped;
  }

  /** Takes the next slices of one kind, at most `FLUSH_ROWS` rows; they stay the caller's until `finish`. */
  take(): Slice[] {
    const queue = this.#live.length > 0 ? this.#live : this.#backfill;
    const slices: Slice[] = [];
    let room = FLUSH_ROWS;
    for (const entry of queue) {
      if (room === 0 || entry.kind !== queue[0]?.kind) break;
      const to = Math.min(entry.rows, entry.done + room);
      slices.push({ entry, from: entry.done, to });
      entry.isTaken = true;
      room -= to - entry.done;
    }
    return slices;
  }

  /** Rows of a slice are settled: the entry leaves the queue with its last one. */
  finish(slice: Slice): void {
    const { entry } = slice;
    this.#rows -= slice.to - entry.done;
    entry.done = slice.to;
    if (entry.done === entry.rows) this.#remove(entry);
    this.#wake();
  }

  /** Takes an entry out, its rows unwritten. */
  drop(entry: Entry): void {
    this.#rows -= entry.rows - entry.done;
    this.#remove(entry);
    this.#wake();
  }

  /** Every call that waits, admitted or not; the queue is empty afterwards. */
  drain(): Entry[] {
    const entries = [...this.#live, ...this.#backfill, ...this.#waiting];
    this.#live.length = 0;
    this.#backfill.length = 0;
    this.#waiting.length = 0;
    this.#rows = 0;
    return entries;
  }

  #fits(entry: Entry): boolean {
    return this.#rows === 0 || this.#rows + entry.rows <= this.#maxRows;
  }

  #admit(entry: Entry): void {
    this.#rows += entry.rows;
    (entry.options.backfill === true ? this.#backfill : this.#live).push(entry);
  }

  /** The oldest call of which no row is being written; taken out. Backfill gives way first. */
  #oldestUntouched(): Entry | undefined {
    const oldest = [...this.#backfill, ...this.#live].find((entry) => !entry.isTaken);
    if (oldest !== undefined) {
      this.#rows -= oldest.rows;
      this.#remove(oldest);
    }
    return oldest;
  }

  #remove(entry: Entry): void {
    const queue = entry.options.backfill === true ? this.#backfill : this.#live;
    const index = queue.indexOf(entry);
    if (index === 0) queue.shift();
    else if (index > 0) queue.splice(index, 1);
  }

  #wake(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#fits(next)) return;
      this.#waiting.shift();
      this.#admit(next);
    }
  }
}
