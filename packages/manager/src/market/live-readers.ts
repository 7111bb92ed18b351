import { isLiveError, LiveReader, type LiveSnapshot } from '@tb/live';
import type { Layout } from '@tb/schema';

/** The live buffers of a data root, each opened when it is first asked for. */
export class LiveReaders {
  readonly #layout: Layout;
  readonly #readers = new Map<string, LiveReader>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /**
   * The live buffer of an exchange at this moment; undefined while it has none.
   * @throws `STEPPED_BACK`, `LIVE_CORRUPT`, `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`
   */
  snapshot(exchange: string): LiveSnapshot | undefined {
    let reader = this.#readers.get(exchange);
    if (!reader) {
      reader = this.#open(exchange);
      if (!reader) return undefined;
      this.#readers.set(exchange, reader);
    }
    return reader.snapshot();
  }

  close(): void {
    for (const reader of this.#readers.values()) reader.close();
    this.#readers.clear();
  }

  #open(exchange: string): LiveReader | undefined {
    try {
      return LiveReader.open({ layout: this.#layout, exchange });
    } catch (error) {
      if (isLiveError(error, 'LIVE_ABSENT')) return undefined; // no ingestor has been here: history alone answers
      throw error;
    }
  }
}
