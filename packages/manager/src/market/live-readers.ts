import { isLiveError, LiveReader, type LiveSnapshot } from '@tb/live';
import type { Layout } from '@tb/schema';
import { ManagerError } from '../errors.ts';
import { findIdentity } from '../file-identity.ts';

interface OpenReader {
  readonly reader: LiveReader;
  readonly identity: string | undefined;
}

/** The live buffers of a data root, each opened when it is first asked for, and again when its file was replaced. */
export class LiveReaders {
  readonly #layout: Layout;
  readonly #readers = new Map<string, OpenReader>();
  /** Newest seq that was handed out. */
  readonly #seen = new Map<string, bigint>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /**
   * The live buffer of an exchange at this moment; undefined while it has none.
   * @throws `STEPPED_BACK`, `LIVE_CORRUPT`, `SCHEMA_TOO_OLD`, `SCHEMA_TOO_NEW`
   */
  snapshot(exchange: string): LiveSnapshot | undefined {
    const snapshot = this.#current(exchange)?.snapshot();
    const seen = this.#seen.get(exchange) ?? 0n;
    const seq = snapshot?.seq ?? 0n;
    if (seq < seen)
      throw new ManagerError(
        'STEPPED_BACK',
        `The live buffer of ${exchange} is at seq ${seq}, this process has seen ${seen}`,
      );
    this.#seen.set(exchange, seq);
    return snapshot;
  }

  close(): void {
    for (const { reader } of this.#readers.values()) reader.close();
    this.#readers.clear();
  }

  #current(exchange: string): LiveReader | undefined {
    const identity = findIdentity(this.#layout.liveDb(exchange));
    const known = this.#readers.get(exchange);
    if (known?.identity === identity) return known?.reader;
    known?.reader.close();
    this.#readers.delete(exchange);
    const reader = this.#open(exchange);
    if (reader) this.#readers.set(exchange, { reader, identity });
    return reader;
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
