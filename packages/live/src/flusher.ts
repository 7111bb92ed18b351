import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AppendQueue } from './append-queue.ts';
import type { GroupWriter } from './group-writer.ts';
import type { Writer } from './writer.ts';

export interface FlusherParts {
  readonly writer: Writer;
  readonly queue: AppendQueue;
  readonly groups: GroupWriter;
  readonly flushRows: number;
  readonly flushMs: number;
}

/** Writes what waits in the queue: one transaction after another, in the order of the calls. */
export class Flusher {
  readonly #parts: FlusherParts;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #isUrgent = false;

  constructor(parts: FlusherParts) {
    this.#parts = parts;
  }

  /** A call was queued. */
  notify(): void {
    if (this.#running !== undefined) return;
    const { queue, flushRows, flushMs } = this.#parts;
    if (queue.rows >= flushRows || flushMs === 0) this.#start();
    else this.#timer ??= setTimeout(() => this.#start(), flushMs);
  }

  /** Writes everything that waits, without waiting for more. */
  async flush(): Promise<void> {
    this.#isUrgent = true;
    try {
      while (!this.#parts.queue.isEmpty && !this.#parts.writer.isFailed) {
        this.#start();
        await this.#running;
      }
    } finally {
      this.#isUrgent = false;
    }
  }

  /** Waits for the transaction that is under way, and starts no other. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#running;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (!this.#parts.queue.isEmpty && !this.#parts.writer.isFailed) this.notify();
    });
  }

  async #run(): Promise<void> {
    const { queue, writer } = this.#parts;
    do {
      await nextTurn(); // calls of the same turn share the transaction, and the event loop breathes
      if (writer.isFailed) break;
      await this.#parts.groups.write(queue.take());
    } while (this.#isDue());
    if (writer.isFailed) for (const entry of queue.drain()) entry.reject(writer.signal.reason);
  }

  #isDue(): boolean {
    const { queue, flushRows, flushMs } = this.#parts;
    if (queue.isEmpty) return false;
    return (
      this.#isUrgent || queue.rows >= flushRows || performance.now() - queue.oldestAtMs >= flushMs
    );
  }
}
