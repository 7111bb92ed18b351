import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LiveStep } from './event.ts';
import type { SealResult } from './live-buffer.ts';
import type { SegmentEntry } from './live-snapshot.ts';
import type { Metrics } from './metrics.ts';
import type { SealOptions } from './options.ts';
import { commitCompaction, commitSeal, reserveSegmentId, writeLatest } from './segment-commit.ts';
import type { BuiltSegment, CompactJob, SealJob } from './segment-job.ts';
import { readSegments } from './segment-list.ts';
import { SegmentProcess } from './segment-process.ts';
import type { Writer } from './writer.ts';
import type { DayRecord } from './writer-state.ts';

/** After a job failed, automatic ones wait so long: a full disk or a broken file is not cured by trying at once. */
const PAUSE_AFTER_FAILURE_MS = 10_000;

/** `SealOptions` with its defaults. */
export interface SealPolicy {
  readonly auto: boolean;
  readonly rows: number;
  readonly ageMs: number;
  readonly compactCount: number;
  readonly compactRows: number;
  readonly garbageMs: number;
  readonly memoryLimitMb: number;
}

export function sealPolicyOf(options: SealOptions = {}): SealPolicy {
  return {
    auto: options.auto ?? true,
    rows: options.rows ?? 100_000,
    ageMs: options.ageMs ?? 900_000,
    compactCount: options.compactCount ?? 10,
    compactRows: options.compactRows ?? 1_000_000,
    garbageMs: options.garbageMs ?? 60_000,
    memoryLimitMb: options.memoryLimitMb ?? 512,
  };
}

/** Moves the tail into segments and merges segments: one job at a time, each in a child process. */
export class Sealer {
  readonly #writer: Writer;
  readonly #metrics: Metrics;
  readonly #policy: SealPolicy;
  readonly #synchronous: 'full' | 'normal';
  readonly #process = new SegmentProcess();
  readonly #stop = new AbortController();
  #queue: Promise<unknown> = Promise.resolve();
  #jobs = 0;
  #pausedUntilMs = 0;

  constructor(
    writer: Writer,
    metrics: Metrics,
    policy: SealPolicy,
    synchronous: 'full' | 'normal',
  ) {
    this.#writer = writer;
    this.#metrics = metrics;
    this.#policy = policy;
    this.#synchronous = synchronous;
    writer.signal.addEventListener('abort', this.#abort);
  }

  /** Starts what is due, in the background. A failure is an event; the rows stay where they are. */
  tend(): void {
    if (!this.#policy.auto || this.#jobs > 0 || performance.now() < this.#pausedUntilMs) return;
    const due = [...this.#writer.state.days.values()].find((day) => this.#isDue(day));
    if (due === undefined) return;
    this.#background('seal', async () => {
      await this.seal(due.window.tradingDate);
      await this.#compactOf(due.window.tradingDate);
    });
  }

  /** Seals everything soon, e.g. to give space back. */
  sealAll(): void {
    this.#background('seal', () => this.seal());
  }

  /** @throws `SEGMENT_JOB` and what the writer throws. */
  async seal(tradingDate?: string): Promise<SealResult[]> {
    this.#writer.assertUsable();
    const dates = tradingDate === undefined ? [...this.#writer.state.days.keys()] : [tradingDate];
    const sealed: SealResult[] = [];
    for (const date of dates) {
      const result = await this.#enqueue(() => this.#sealDay(date));
      if (result !== undefined) sealed.push(result);
    }
    return sealed;
  }

  async compact(): Promise<number> {
    this.#writer.assertUsable();
    let merged = 0;
    for (const date of this.#writer.state.days.keys()) merged += await this.#compactOf(date);
    return merged;
  }

  /** Ends the running job; what it made is removed or adopted at the next start. */
  async stop(): Promise<void> {
    this.#abort();
    await this.#queue;
    await this.#process.end();
    this.#writer.signal.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.#stop.abort();

  #isDue({ tailRows, tailSinceMs }: DayRecord): boolean {
    if (tailRows === 0) return false;
    return tailRows >= this.#policy.rows || performance.now() - tailSinceMs >= this.#policy.ageMs;
  }

  #background(job: 'seal' | 'compact', work: () => Promise<unknown>): void {
    this.#jobs++;
    work()
      .catch((error: unknown) => {
        this.#pausedUntilMs = performance.now() + PAUSE_AFTER_FAILURE_MS;
        if (this.#stop.signal.aborted) return;
        this.#metrics.failedJobs++;
        this.#writer.emit({ type: 'job_failed', job, error });
      })
      .finally(() => {
        this.#jobs--;
      });
  }

  /** Jobs of all callers, one after another. */
  #enqueue<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      this.#writer.assertUsable();
      return job();
    });
    this.#queue = result.catch(() => {}); // reported to the caller; the next job does not depend on it
    return result;
  }

  async #sealDay(tradingDate: string): Promise<SealResult | undefined> {
    const writer = this.#writer;
    const day = writer.state.days.get(tradingDate);
    if (day === undefined || day.tailRows === 0) return undefined;
    const startMs = performance.now();
    const job: SealJob = {
      kind: 'seal',
      liveDb: writer.layout.liveDb(writer.exchange),
      throughSeq: BigInt(writer.state.nextSeq - 1),
      ...this.#reserve('seal', tradingDate),
    };
    const built = await this.#build(job);
    writer.step('seal.before_commit');
    day.tailRows = await this.#list(job.segmentsDir, built, () => {
      writeLatest(writer.db, writer.state.bySid.values());
      return commitSeal(writer.db, tradingDate, built, writer.now());
    });
    day.tailSinceMs = performance.now();
    writer.step('seal.committed');
    this.#metrics.seals++;
    const durationMs = performance.now() - startMs;
    writer.emit({ type: 'sealed', tradingDate, rows: built.rows, durationMs });
    return { tradingDate, rows: built.rows, segmentId: built.id };
  }

  /** Merges runs of small neighbours until none is left. */
  async #compactOf(tradingDate: string): Promise<number> {
    for (let merged = 0; ; merged++)
      if (!(await this.#enqueue(() => this.#compactOnce(tradingDate)))) return merged;
  }

  async #compactOnce(tradingDate: string): Promise<boolean> {
    const writer = this.#writer;
    const inputs = this.#inputsOf(tradingDate);
    if (inputs.length === 0) return false;
    const startMs = performance.now();
    const job: CompactJob = { kind: 'compact', inputs, ...this.#reserve('compact', tradingDate) };
    const built = await this.#build(job);
    writer.step('compact.before_commit');
    await this.#list(job.segmentsDir, built, () =>
      commitCompaction(writer.db, inputs, built, writer.now(), this.#policy.garbageMs),
    );
    writer.step('compact.committed');
    this.#metrics.compactions++;
    const durationMs = performance.now() - startMs;
    writer.emit({ type: 'compacted', tradingDate, rows: built.rows, durationMs });
    return true;
  }

  /** The first `compactCount` neighbours that are still small; none when there are fewer. */
  #inputsOf(tradingDate: string): SegmentEntry[] {
    const { compactCount, compactRows } = this.#policy;
    const { db, layout, exchange } = this.#writer;
    const run: SegmentEntry[] = [];
    for (const segment of readSegments(db, layout.liveDir(exchange))) {
      if (segment.tradingDate !== tradingDate) continue;
      if (segment.rows >= compactRows) run.length = 0;
      else run.push(segment);
      if (run.length === compactCount) return run;
    }
    return [];
  }

  /**
   * Gives the job its number, in a transaction that is synced: so every row that the child reads is durable in live.db
   * before a segment with it is, and a segment that a crash leaves behind never holds more than live.db.
   */
  #reserve(
    kind: 'seal' | 'compact',
    tradingDate: string,
  ): Omit<SealJob, 'kind' | 'liveDb' | 'throughSeq'> {
    const { db, lock, layout, exchange } = this.#writer;
    if (this.#synchronous === 'normal') db.pragma('synchronous = FULL');
    let id: number;
    try {
      id = this.#writer.transact(() => reserveSegmentId(db));
    } finally {
      if (this.#synchronous === 'normal') db.pragma('synchronous = NORMAL');
    }
    this.#writer.step(`${kind}.reserved`);
    return {
      exchange,
      tradingDate,
      segmentsDir: layout.segmentsDir(exchange),
      id,
      epoch: lock.epoch,
      memoryLimitMb: this.#policy.memoryLimitMb,
    };
  }

  /** The transaction that makes a segment visible; a file that did not get on the list goes at once. */
  async #list<T>(segmentsDir: string, built: BuiltSegment, commit: () => T): Promise<T> {
    const writer = this.#writer;
    try {
      return writer.transact(commit);
    } catch (error) {
      // A failed writer does not know what is on the disk: recovery will look.
      if (!writer.isFailed) await rm(join(segmentsDir, built.fileName), { force: true });
      throw error;
    }
  }

  #build(job: SealJob | CompactJob): Promise<BuiltSegment> {
    return this.#process.build(job, {
      onStep: (step) => this.#writer.step(`${job.kind}.${step}` as LiveStep),
      signal: this.#stop.signal,
    });
  }
}
