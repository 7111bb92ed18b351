import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Flush, FlushResult } from './commit.ts';

const RECENT_COMMITS = 1_024;
/** How often the event loop is looked at; the histogram's values contain it. */
const LOOP_RESOLUTION_MS = 5;

/** Counts of one open live buffer. */
export class Metrics {
  rows = 0;
  duplicates = 0;
  late = 0;
  rejected = 0;
  dropped = 0;
  commits = 0;
  seals = 0;
  compactions = 0;
  failedJobs = 0;
  /** Durations of the last commits, a ring. */
  readonly #commitMs = new Float64Array(RECENT_COMMITS);
  readonly #loop: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });

  constructor() {
    this.#loop.enable();
  }

  noteCommit(durationMs: number): void {
    this.#commitMs[this.commits % RECENT_COMMITS] = durationMs;
    this.commits++;
  }

  noteFlush({ staging, supplied, droppedRows }: Flush, { lateRows }: FlushResult): void {
    for (const day of staging.days.values()) this.rows += day.rows;
    this.rows += supplied.length;
    this.duplicates += staging.duplicates;
    this.rejected += staging.rejected;
    this.late += lateRows;
    this.dropped += droppedRows;
  }

  /** Quantile of the last 1,024 commits in ms; 0 before the first. */
  commitQuantileMs(quantile: number): number {
    const count = Math.min(this.commits, RECENT_COMMITS);
    const sorted = this.#commitMs.slice(0, count).sort();
    return sorted[Math.max(0, Math.ceil(quantile * count) - 1)] ?? 0;
  }

  /** How long the event loop was blocked since the call before; the histogram starts anew. */
  takeLoopStall(): { p99Ms: number; maxMs: number } {
    const stall = this.#loop;
    const blocked = (ns: number): number => Math.max(0, ns / 1e6 - LOOP_RESOLUTION_MS);
    const taken = { p99Ms: blocked(stall.percentile(99)), maxMs: blocked(stall.max) };
    stall.reset();
    return taken;
  }

  close(): void {
    this.#loop.disable();
  }
}
