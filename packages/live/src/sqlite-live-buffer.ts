import type { Disposal } from '@tb/locks';
import { assertTradingDate, type CandleBatch, type TickBatch } from '@tb/schema';
import type { Ack, AppendOptions } from './ack.ts';
import type { AppendQueue } from './append-queue.ts';
import { holeOf } from './coverage.ts';
import { absorbLate, clearDay, clearLate, freezeDay, readDayState, readDays } from './day-steps.ts';
import { ackOf, checkBatch, type Entry } from './entry.ts';
import { LiveError } from './errors.ts';
import type { Flusher } from './flusher.ts';
import { countGarbage, sweepGarbage } from './garbage.ts';
import type { GroupWriter } from './group-writer.ts';
import type { LiveBuffer, NewTick, PublishedProof, SealResult } from './live-buffer.ts';
import type { LiveDay, LiveDayState } from './live-snapshot.ts';
import type { Metrics } from './metrics.ts';
import type { LiveMetrics } from './options.ts';
import type { Sealer } from './sealer.ts';
import type { Supervisor } from './supervisor.ts';
import type { Wal } from './wal.ts';
import type { Writer } from './writer.ts';

export interface LiveBufferParts {
  readonly writer: Writer;
  readonly queue: AppendQueue;
  readonly groups: GroupWriter;
  readonly flusher: Flusher;
  readonly sealer: Sealer;
  readonly supervisor: Supervisor;
  readonly wal: Wal;
  readonly metrics: Metrics;
  readonly garbageMs: number;
  /** What open() holds: live.db, then the lock. */
  readonly held: Disposal;
}

/** See `LiveBuffer`. */
export class SqliteLiveBuffer implements LiveBuffer {
  readonly exchange: string;
  readonly epoch: number;
  readonly #parts: LiveBufferParts;
  #closing: Promise<void> | undefined;

  constructor(parts: LiveBufferParts) {
    this.#parts = parts;
    this.exchange = parts.writer.exchange;
    this.epoch = parts.writer.lock.epoch;
  }

  get signal(): AbortSignal {
    return this.#parts.writer.signal;
  }

  append(batch: TickBatch, options: AppendOptions = {}): Promise<Ack> {
    return this.#append('ticks', batch, options);
  }

  appendTick(tick: NewTick, options: AppendOptions = {}): Promise<Ack> {
    const { symbol, ts, price, volume, bid, ask, source, sourceSeq } = tick;
    return this.append(
      {
        symbol,
        ts: BigInt64Array.of(ts),
        price: Float64Array.of(price),
        volume: Float64Array.of(volume),
        bid: bid === undefined ? undefined : Float64Array.of(bid),
        ask: ask === undefined ? undefined : Float64Array.of(ask),
        source,
        sourceSeq: sourceSeq === undefined ? undefined : BigInt64Array.of(sourceSeq),
      },
      options,
    );
  }

  appendCandles(batch: CandleBatch, options: AppendOptions = {}): Promise<Ack> {
    return this.#append('candles', batch, options);
  }

  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#parts.flusher.flush();
    this.#assertOpen();
  }

  lastSourceSeq(source: string): bigint | undefined {
    this.#assertOpen();
    return this.#parts.writer.state.marks.get(source);
  }

  async feedConnected(source: string): Promise<void> {
    await this.flush();
    this.#parts.supervisor.connect(source);
  }

  async feedDisconnected(source: string): Promise<void> {
    await this.flush();
    this.#parts.supervisor.disconnect(source);
  }

  days(): readonly LiveDay[] {
    this.#assertOpen();
    return readDays(this.#parts.writer.db);
  }

  dayState(tradingDate: string): LiveDayState | undefined {
    this.#assertOpen();
    return readDayState(this.#parts.writer.db, tradingDate);
  }

  async freeze(tradingDate: string): Promise<{ readonly frozenSeq: bigint }> {
    await this.flush();
    return { frozenSeq: freezeDay(this.#parts.writer, tradingDate) };
  }

  async absorbLate(
    tradingDate: string,
  ): Promise<{ readonly frozenSeq: bigint; readonly rows: number }> {
    await this.flush();
    return absorbLate(this.#parts.writer, tradingDate);
  }

  async seal(tradingDate?: string): Promise<readonly SealResult[]> {
    await this.flush();
    return this.#parts.sealer.seal(tradingDate);
  }

  async compact(): Promise<number> {
    this.#assertOpen();
    return this.#parts.sealer.compact();
  }

  async clear(
    tradingDate: string,
    options: { readonly publishedProof: PublishedProof },
  ): Promise<boolean> {
    await this.flush();
    const { writer, garbageMs } = this.#parts;
    return clearDay(writer, tradingDate, options.publishedProof, garbageMs);
  }

  async clearLate(tradingDate: string, throughSeq: bigint): Promise<number> {
    await this.flush();
    return clearLate(this.#parts.writer, tradingDate, throughSeq);
  }

  async sweepGarbage(): Promise<number> {
    this.#assertOpen();
    return sweepGarbage(this.#parts.writer);
  }

  metrics(): LiveMetrics {
    const { writer, queue, metrics, wal } = this.#parts;
    const stall = metrics.takeLoopStall();
    const isClosed = this.#closing !== undefined;
    const lastTickTs = newestTs(writer);
    return {
      state: writer.isFailed ? 'failed' : isClosed ? 'closed' : 'open',
      rows: metrics.rows,
      duplicates: metrics.duplicates,
      late: metrics.late,
      rejected: metrics.rejected,
      dropped: metrics.dropped,
      refused: queue.refused,
      commits: metrics.commits,
      commitP50Ms: metrics.commitQuantileMs(0.5),
      commitP99Ms: metrics.commitQuantileMs(0.99),
      queueRows: queue.rows,
      queueBytes: queue.bytes,
      lagMs: lastTickTs === undefined ? undefined : Number(writer.now() - lastTickTs) / 1e6,
      seq: BigInt(writer.state.nextSeq - 1),
      tailRows: [...writer.state.days.values()].reduce((sum, day) => sum + day.tailRows, 0),
      segments: isClosed ? 0 : countSegments(writer),
      seals: metrics.seals,
      compactions: metrics.compactions,
      failedJobs: metrics.failedJobs,
      walBytes: wal.sizeBytes(),
      garbageFiles: isClosed ? 0 : countGarbage(writer),
      loopStallP99Ms: stall.p99Ms,
      loopStallMaxMs: stall.maxMs,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { writer, flusher, sealer, supervisor, queue, metrics, held } = this.#parts;
    try {
      await sealer.stop();
      await supervisor.stop();
      await flusher.flush();
      await flusher.stop();
    } finally {
      writer.close();
      for (const entry of queue.drain()) entry.reject(closedError(this.exchange));
      metrics.close();
      await held[Symbol.asyncDispose]();
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw closedError(this.exchange);
    this.#parts.writer.assertUsable();
  }

  async #append(
    kind: Entry['kind'],
    batch: TickBatch | CandleBatch,
    options: AppendOptions,
  ): Promise<Ack> {
    this.#assertOpen();
    if (options.tradingDate !== undefined) assertTradingDate(options.tradingDate);
    const rows = checkBatch(kind, batch);
    const { queue, flusher, writer } = this.#parts;
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        kind,
        batch,
        options,
        rows,
        queuedAtMs: performance.now(),
        resolve,
        reject,
        isTaken: false,
        isBackfill: false,
        isRejected: false,
        done: 0,
        firstSeq: undefined,
        lastSeq: undefined,
        stored: 0,
        duplicates: 0,
        late: 0,
        rejected: [],
      };
      if (rows === 0) {
        resolve(ackOf(entry, writer.lock.epoch));
        return;
      }
      this.#drop(queue.push(entry));
      flusher.notify();
    });
  }

  /** Calls that made room: each is answered, the rows are counted, and coverage gets a hole over their time. */
  #drop(dropped: readonly Entry[]): void {
    const { groups, supervisor, writer } = this.#parts;
    for (const entry of dropped) {
      const { source, ts } = entry.batch;
      const hole = holeOf(source, ts);
      groups.noteDropped(entry.rows, hole);
      if (hole !== undefined) supervisor.cut(hole);
      entry.reject(
        new LiveError('ROWS_DROPPED', `${entry.rows} rows were dropped: the queue was full`),
      );
      writer.emit({ type: 'rows_dropped', rows: entry.rows, source });
    }
  }
}

function closedError(exchange: string): LiveError {
  return new LiveError('LIVE_CLOSED', `The live buffer of ${exchange} is closed`);
}

function countSegments(writer: Writer): number {
  return Number(writer.db.prepare('SELECT count(*) FROM segments').pluck().get());
}

function newestTs(writer: Writer): bigint | undefined {
  let newest: bigint | undefined;
  for (const { window } of writer.state.days.values()) {
    if (window.clock < 0) continue;
    const ts = window.tsOf(window.clock);
    if (newest === undefined || ts > newest) newest = ts;
  }
  return newest;
}
