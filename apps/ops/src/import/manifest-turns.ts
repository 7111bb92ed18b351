import { setTimeout as sleep } from 'node:timers/promises';
import type { ManifestWriter } from '@tb/history';

/** How long publications in a row share one acquisition, and the pause in which another writer may come in. */
const TURN_MS = 500;
const PAUSE_MS = 20;

/**
 * The writer of the manifest in turns: to take the lock and open the manifest for each of thousands of dates costs more
 * than to build them (a year of daily candles: 30 of 40 s), and to hold it for the whole import would keep a rollover out.
 */
export class ManifestTurns implements AsyncDisposable {
  readonly #open: () => Promise<ManifestWriter>;
  #writer: ManifestWriter | undefined;
  #turnEnd: NodeJS.Timeout | undefined;
  #pauseMs = 0;
  #last: Promise<unknown> = Promise.resolve();
  /** Why a turn did not end well: nobody waited for it, so the next call tells. */
  #failure: unknown;

  constructor(open: () => Promise<ManifestWriter>) {
    this.#open = open;
  }

  /** Runs `body` with the writer; calls go one after another. @throws what opening or `body` throws */
  use<T>(body: (writer: ManifestWriter) => Promise<T>): Promise<T> {
    return this.#enqueue(async () => {
      this.#assertEnded();
      const writer = this.#writer ?? (await this.#begin());
      try {
        return await body(writer);
      } catch (error) {
        await this.#end();
        throw error;
      }
    });
  }

  /** Gives the lock back. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#enqueue(async () => {
      await this.#end();
      this.#assertEnded();
    });
  }

  #assertEnded(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #begin(): Promise<ManifestWriter> {
    await sleep(this.#pauseMs);
    const writer = await this.#open();
    this.#writer = writer;
    this.#pauseMs = PAUSE_MS;
    this.#turnEnd = setTimeout(() => {
      this.#enqueue(() => this.#end()).catch((error: unknown) => {
        this.#failure = error;
      });
    }, TURN_MS);
    return writer;
  }

  async #end(): Promise<void> {
    clearTimeout(this.#turnEnd);
    const writer = this.#writer;
    this.#writer = undefined;
    await writer?.[Symbol.asyncDispose]();
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {}); // told to whoever enqueued it
    return result;
  }
}
