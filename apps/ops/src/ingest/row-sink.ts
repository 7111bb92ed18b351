import type { Ack, AppendOptions, LiveBuffer } from '@tb/live';
import type { CandleBatch, Kind, TickBatch } from '@tb/schema';
import type { Block } from '../input/blocks.ts';
import type { Rejects } from '../input/rejects.ts';
import type { AnyBatch, KeyedBatch } from './keyed-batches.ts';

export interface IngestCounts {
  rowsRead: number;
  rowsAccepted: number;
  rowsDuplicate: number;
  rowsRejected: number;
  /** Accepted after the freeze of their date: durable, visible after a correction. */
  rowsLate: number;
}

export interface RowSinkParts {
  readonly live: Pick<LiveBuffer, 'append' | 'appendCandles'>;
  readonly kind: Kind;
  readonly tradingDate: string | undefined;
  readonly rejects: Rejects;
}

/** Rows on their way to the disk at once: enough to keep the writer busy, few enough to bound memory and the live queue. */
const MAX_IN_FLIGHT_ROWS = 32_768;

/**
 * Takes blocks of any number of inputs into the live buffer, counts what becomes of each row, and keeps what is refused.
 * After a failure it takes nothing more.
 */
export class RowSink {
  readonly counts: IngestCounts = {
    rowsRead: 0,
    rowsAccepted: 0,
    rowsDuplicate: 0,
    rowsRejected: 0,
    rowsLate: 0,
  };
  readonly #parts: RowSinkParts;
  readonly #failed = new AbortController();
  readonly #waiting: (() => void)[] = [];
  /** The last batch of each source: the next one is sent when it is stored. */
  readonly #ofSource = new Map<string, Promise<unknown>>();
  #inFlight = 0;
  #idle: Promise<void> = Promise.resolve();

  constructor(parts: RowSinkParts) {
    this.#parts = parts;
  }

  /** Aborts when rows could not be stored; its reason is the error. */
  get signal(): AbortSignal {
    return this.#failed.signal;
  }

  /**
   * Hands a block over, once there is room for it.
   *
   * @returns (inside an object, so that waiting for room is not waiting for the disk) a promise that every row of the block
   *   is settled: on the disk, known from before, or in quarantine. It never rejects: a failure is told by `signal`.
   * @throws the error that rows could not be stored with
   */
  async put(
    block: Block<AnyBatch>,
    batches: readonly KeyedBatch[],
  ): Promise<{ readonly settled: Promise<void> }> {
    while (this.#inFlight > 0 && this.#inFlight + block.rows.length > MAX_IN_FLIGHT_ROWS)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.signal.throwIfAborted();
    this.#inFlight += block.rows.length;
    this.counts.rowsRead += block.rowsRead;
    this.counts.rowsRejected += block.rejected.length;
    this.#parts.rejects.add(block.rejected);
    const settled = this.#settle(block, batches);
    this.#idle = this.#idle.then(() => settled);
    return { settled };
  }

  /** Waits until everything that was handed over is settled. @throws the error that rows could not be stored with */
  async drained(): Promise<void> {
    await this.#idle;
    this.signal.throwIfAborted();
  }

  async #settle(block: Block<AnyBatch>, batches: readonly KeyedBatch[]): Promise<void> {
    try {
      await Promise.all(
        batches.map(async ({ batch, from }) => this.#note(block, from, await this.#inTurn(batch))),
      );
    } catch (error) {
      this.#failed.abort(error);
    } finally {
      this.#inFlight -= block.rows.length;
      for (const wake of this.#waiting.splice(0)) wake();
    }
  }

  /**
   * One batch of a source after the other: had a later one been stored when an earlier one failed, the mark of the source
   * would stand beyond the rows that are missing, and sending them again would count as a redelivery.
   */
  #inTurn(batch: AnyBatch): Promise<Ack> {
    const { source } = batch;
    if (source === undefined) return this.#append(batch);
    const before = this.#ofSource.get(source) ?? Promise.resolve();
    const ack = before.then(() => {
      this.signal.throwIfAborted();
      return this.#append(batch);
    });
    const settled = ack.catch((error: unknown) => this.#failed.abort(error));
    this.#ofSource.set(source, settled);
    return ack;
  }

  #append(batch: AnyBatch): Promise<Ack> {
    const { live, kind, tradingDate } = this.#parts;
    const options: AppendOptions = { tradingDate };
    return kind === 'ticks'
      ? live.append(batch as TickBatch, options)
      : live.appendCandles(batch as CandleBatch, options);
  }

  #note(block: Block<AnyBatch>, from: number, ack: Ack): void {
    this.counts.rowsAccepted += ack.rows;
    this.counts.rowsDuplicate += ack.duplicates;
    this.counts.rowsLate += ack.late;
    this.counts.rowsRejected += ack.rejected.length;
    this.#parts.rejects.add(
      ack.rejected.map(({ row, reason }) => ({
        file: block.file,
        row: Number(block.rows[from + row]),
        reason,
        raw: block.raw(from + row),
      })),
    );
  }
}
