import type { Ballast } from './ballast.ts';
import { commitCandles } from './day-steps.ts';
import { isLiveError } from './errors.ts';
import { sweepGarbage } from './garbage.ts';
import type { CoverageEntry } from './live-snapshot.ts';
import type { Sealer } from './sealer.ts';
import type { Wal, WalListener } from './wal.ts';
import { isBusy, type Writer } from './writer.ts';

export interface SupervisorParts {
  readonly writer: Writer;
  readonly wal: Wal;
  readonly ballast: Ballast;
  readonly sealer: Sealer;
  readonly heartbeatMs: number;
  readonly latenessMs: number;
}

/** How often lost ballast is tried to be made again. */
const BALLAST_MS = 60_000;

/** What is done by the clock: heartbeat, coverage, candles that end without a further tick, garbage, WAL, ballast. */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #feeds = new Map<string, bigint>();
  readonly #walListener: WalListener = {
    failed: (error) => this.#settle(error),
    ended: (error) => this.#parts.writer.emit({ type: 'job_failed', job: 'checkpoint', error }),
  };
  #timer: NodeJS.Timeout | undefined;
  #beating: Promise<void> | undefined;
  #ballastAtMs = performance.now();

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#beating ??= this.#beat().finally(() => {
        this.#beating = undefined;
      });
    }, this.#parts.heartbeatMs);
    this.#timer.unref(); // a buffer alone does not keep a process alive
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    await this.#parts.wal.stop();
  }

  /** After each commit. */
  tend(): void {
    const { wal, writer, sealer } = this.#parts;
    const large = wal.tend(this.#walListener);
    if (large !== undefined) writer.emit({ type: 'wal_large', sizeBytes: large });
    sealer.tend();
  }

  connect(source: string): void {
    const { writer } = this.#parts;
    const now = writer.now();
    if (this.#feeds.has(source)) return;
    writer.transact(() => writer.statements.extendCoverage.run(source, now, now));
    this.#feeds.set(source, now);
  }

  disconnect(source: string): void {
    const { writer } = this.#parts;
    const from = this.#feeds.get(source);
    if (from === undefined) return;
    const now = writer.now();
    if (now > from) writer.transact(() => writer.statements.extendCoverage.run(source, from, now));
    this.#feeds.delete(source);
  }

  /** Rows of a feed were dropped: what it covers begins again after them. */
  cut({ source, to }: CoverageEntry): void {
    const from = this.#feeds.get(source);
    if (from !== undefined && to > from) this.#feeds.set(source, to);
  }

  /** Frees space on a full disk: the ballast, and what a checkpoint and the seals give back. */
  makeRoom(): boolean {
    const { ballast, wal, writer, sealer } = this.#parts;
    const released = ballast.release();
    writer.emit({ type: 'disk_full', ballastReleased: released });
    if (!released) return false;
    try {
      wal.truncate();
    } catch (error) {
      this.#settle(error);
      return !writer.isFailed;
    }
    sealer.sealAll();
    return true;
  }

  async #beat(): Promise<void> {
    const { writer } = this.#parts;
    if (writer.isFailed) return;
    try {
      this.#writeHeartbeat();
      this.tend();
      await sweepGarbage(writer);
      await this.#restoreBallast();
    } catch (error) {
      this.#settle(error);
    }
  }

  /** A full disk and a busy database are told by appends, and this work comes again; anything else ends the writer. */
  #settle(error: unknown): void {
    const { writer } = this.#parts;
    const judged = writer.judge(error);
    if (isLiveError(judged, 'DISK_FULL') || isBusy(judged) || writer.isFailed) return;
    writer.fail(judged as Error);
  }

  #writeHeartbeat(): void {
    const { writer } = this.#parts;
    const now = writer.now();
    commitCandles(writer, () => {
      this.#closeCandles(now);
      for (const [source, from] of this.#feeds)
        if (now > from) writer.statements.extendCoverage.run(source, from, now);
    });
  }

  /**
   * Closes what the session clock has passed by the lateness. The clock of a date is its newest tick, for a feed that
   * replays the past; while the date is live it is the wall clock too, so that a symbol that falls silent is closed; and
   * after its hours a date ends when no tick has come for as long as the lateness.
   */
  #closeCandles(now: bigint): void {
    const { writer, latenessMs } = this.#parts;
    const lateness = latenessMs * 1e6;
    for (const symbol of writer.state.bySid.values()) {
      const { forming } = symbol;
      if (forming === undefined) continue;
      const { day } = forming;
      const isSilent = day.isOver(now) && performance.now() - day.tickedAtMs >= latenessMs;
      const clock = Math.max(day.clock, day.offsetOfTs(now));
      if (isSilent || clock >= forming.end + lateness) writer.builder.close(symbol);
    }
  }

  async #restoreBallast(): Promise<void> {
    if (performance.now() - this.#ballastAtMs < BALLAST_MS) return;
    this.#ballastAtMs = performance.now();
    await this.#parts.ballast.restore();
  }
}
