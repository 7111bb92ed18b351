import type { Slice } from './admit.ts';
import type { Entry } from './entry.ts';
import { LiveError } from './errors.ts';
import type { BackpressureOptions } from './options.ts';
import { numberedSource, type SourceOrder, sourceBehind } from './source-order.ts';
import { FLUSH_ROWS } from './staging.ts';

/** What a waiting tick takes in memory, as the limit counts it. */
const ROW_BYTES = 44;

/**
 * Calls that wait to be written: live ones first, backfill when nothing else waits. Bounded in rows and bytes. Those of one
 * source whose rows are numbered leave in the order of the calls, whatever they are: a later number that is stored first
 * makes the earlier ones duplicates.
 */
export class AppendQueue {
  readonly #policy: 'refuse' | 'block' | 'dropOldest';
  readonly #maxRows: number;
  readonly #order: SourceOrder;
  #live: Entry[] = [];
  #backfill: Entry[] = [];
  /** How many calls of a numbered source wait in `#backfill`. */
  readonly #backfillOf = new Map<string, number>();
  #waiting: Entry[] = [];
  #rows = 0;
  refused = 0;

  constructor(order: SourceOrder, options: BackpressureOptions = {}) {
    this.#order = order;
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
   * @throws `SOURCE_BEHIND`; `BACKPRESSURE`, with `refuse`.
   */
  push(entry: Entry): readonly Entry[] {
    const missing = this.#order.missing(entry);
    if (missing !== undefined) this.#refuse(entry, sourceBehind(entry, missing));
    if (this.#policy === 'refuse' && !this.#fits(entry))
      this.#refuse(
        entry,
        new LiveError(
          'BACKPRESSURE',
          `${this.#rows} rows wait for the disk, ${entry.rows} more exceed the limit of ${this.#maxRows}`,
        ),
      );
    this.#order.noteTaken(entry);
    const dropped: Entry[] = [];
    if (this.#waiting.length === 0 && this.#fits(entry)) {
      this.#admit(entry);
      return dropped;
    }
    if (this.#policy === 'block') {
      this.#waiting.push(entry); // its promise is pending anyway: it is admitted when others have left
      return dropped;
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

  /**
   * Rejects calls whose rows could not be written, with the error; and with `SOURCE_BEHIND` every call that waits behind
   * one of them and is of the same numbered source.
   */
  fail(failed: ReadonlySet<Entry>, error: unknown): void {
    const missing = new Map<string, bigint>();
    const behind: Entry[] = [];
    for (const entry of this.#inOrder()) {
      const source = numberedSource(entry);
      if (source === undefined) continue;
      if (!failed.has(entry) && missing.has(source)) behind.push(entry);
      else if (failed.has(entry) && !missing.has(source))
        missing.set(source, entry.batch.sourceSeq![entry.done]!);
    }
    for (const entry of failed) this.#reject(entry, error);
    for (const entry of behind)
      this.#reject(entry, sourceBehind(entry, missing.get(entry.batch.source!)!, error));
    this.#waiting = this.#waiting.filter(({ isRejected }) => !isRejected);
    this.#wake();
  }

  /** Every call that waits, admitted or not; the queue is empty afterwards. */
  drain(): Entry[] {
    const entries = this.#inOrder();
    this.#live = [];
    this.#backfill = [];
    this.#backfillOf.clear();
    this.#waiting = [];
    this.#rows = 0;
    return entries;
  }

  /** Every call that waits; those of one numbered source are in the order in which they came. */
  #inOrder(): Entry[] {
    return [...this.#live, ...this.#backfill, ...this.#waiting];
  }

  #refuse(entry: Entry, error: LiveError): never {
    this.refused += entry.rows;
    this.#order.noteRefused(entry);
    throw error;
  }

  #reject(entry: Entry, error: unknown): void {
    if (entry.isRejected) return;
    entry.isRejected = true;
    this.#order.noteRefused(entry);
    if (this.#remove(entry)) this.#rows -= entry.rows - entry.done;
    entry.reject(error);
  }

  #fits(entry: Entry): boolean {
    return this.#rows === 0 || this.#rows + entry.rows <= this.#maxRows;
  }

  #admit(entry: Entry): void {
    this.#rows += entry.rows;
    const source = numberedSource(entry);
    const ahead = source === undefined ? 0 : (this.#backfillOf.get(source) ?? 0);
    entry.isBackfill = entry.options.backfill === true || ahead > 0;
    (entry.isBackfill ? this.#backfill : this.#live).push(entry);
    if (entry.isBackfill && source !== undefined) this.#backfillOf.set(source, ahead + 1);
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

  /** Takes an admitted call out; false when it is none. */
  #remove(entry: Entry): boolean {
    const queue = entry.isBackfill ? this.#backfill : this.#live;
    const index = queue.indexOf(entry);
    if (index < 0) return false;
    if (index === 0) queue.shift();
    else queue.splice(index, 1);
    const source = numberedSource(entry);
    if (!entry.isBackfill || source === undefined) return true;
    const left = this.#backfillOf.get(source)! - 1;
    if (left > 0) this.#backfillOf.set(source, left);
    else this.#backfillOf.delete(source);
    return true;
  }

  #wake(): void {
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if (!this.#fits(next)) return;
      this.#waiting.shift();
      this.#admit(next);
    }
  }
}
