import { setTimeout as sleep } from 'node:timers/promises';
import { admitTicks, type Slice, type SliceOutcome } from './admit.ts';
import { admitCandles, type SuppliedCandles } from './admit-candles.ts';
import type { AppendQueue } from './append-queue.ts';
import { type Flush, writeFlush } from './commit.ts';
import { ackOf } from './entry.ts';
import { isLiveError } from './errors.ts';
import type { CoverageEntry } from './live-snapshot.ts';
import type { Metrics } from './metrics.ts';
import { newStaging, recycle, type StagedDay, type Staging } from './staging.ts';
import type { SymbolRegistry } from './symbol-registry.ts';
import type { SymbolState } from './symbol-state.ts';
import { addSymbols, unknownSymbols } from './symbols.ts';
import { isBusy, type Writer } from './writer.ts';
import { addDay } from './writer-state.ts';

export interface GroupWriterParts {
  readonly writer: Writer;
  readonly queue: AppendQueue;
  readonly registry: SymbolRegistry;
  readonly metrics: Metrics;
  /** Called after each commit. */
  readonly onCommit: () => void;
  /** Frees space on a full disk; answers whether it is worth trying again. */
  readonly makeRoom: () => boolean;
}

/** Another process may hold the write lock of live.db for a while: the next writer, as it issues its epoch. */
const BUSY_TRIES = 50;
const BUSY_PAUSE_MS = 20;

/** A slice whose rows are staged: those of `from[day]` to `to[day]` of each staged date are its own. */
interface StagedSlice {
  readonly outcome: SliceOutcome;
  readonly from: ReadonlyMap<StagedDay, number>;
  readonly to: ReadonlyMap<StagedDay, number>;
  readonly candles: number;
}

/** Writes slices of waiting calls in one transaction, and answers the calls whose last row is settled. */
export class GroupWriter {
  readonly #parts: GroupWriterParts;
  /** Symbols that the registry has numbered and live.db does not have yet. */
  readonly #newSymbols = new Set<SymbolState>();
  readonly #spare: StagedDay[] = [];
  #droppedRows = 0;
  #holes: CoverageEntry[] = [];

  constructor(parts: GroupWriterParts) {
    this.#parts = parts;
  }

  /** Rows that back-pressure dropped: counted, and a hole in coverage, with the next commit. */
  noteDropped(rows: number, hole: CoverageEntry | undefined): void {
    this.#droppedRows += rows;
    if (hole !== undefined) this.#holes.push(hole);
  }

  /** Never rejects: what goes wrong is the answer of the calls concerned. */
  async write(taken: readonly Slice[]): Promise<void> {
    const slices = await this.#withSymbols(taken);
    if (slices.length === 0) return;
    try {
      await this.#commit(slices);
    } catch (error) {
      this.#parts.queue.fail(new Set(slices.map(({ entry }) => entry)), error);
    }
  }

  /** The slices whose symbols all have a sid now; the other calls are rejected. */
  async #withSymbols(slices: readonly Slice[]): Promise<Slice[]> {
    const { writer, registry, queue } = this.#parts;
    const ready: Slice[] = [];
    for (const slice of slices) {
      if (slice.entry.isRejected) continue; // it is behind one that was rejected just now
      try {
        const unknown = unknownSymbols(writer.state, slice);
        if (unknown.size > 0) {
          const date = this.#dateOf(slice);
          const { state, exchange } = writer;
          for (const symbol of await addSymbols(state, registry, exchange, unknown, date))
            this.#newSymbols.add(symbol);
        }
        ready.push(slice);
      } catch (error) {
        queue.fail(new Set([slice.entry]), error);
      }
    }
    return ready;
  }

  /** The date under which new symbols of a slice are registered. */
  #dateOf({ entry, from }: Slice): string {
    const { windows } = this.#parts.writer.state;
    return entry.options.tradingDate ?? windows.dateOf(entry.batch.ts[from]!);
  }

  async #commit(slices: readonly Slice[]): Promise<void> {
    const staging = newStaging(this.#spare);
    const supplied: SuppliedCandles = new Map();
    try {
      const staged = slices.map((slice) => this.#stage(staging, supplied, slice));
      await this.#transact(staging, supplied);
      for (const slice of staged) this.#settle(slice);
    } finally {
      recycle(staging);
    }
    this.#parts.onCommit();
  }

  #stage(staging: Staging, supplied: SuppliedCandles, slice: Slice): StagedSlice {
    const { writer } = this.#parts;
    const from = rowsOf(staging);
    const outcome =
      slice.entry.kind === 'ticks'
        ? admitTicks(writer.state, staging, slice)
        : admitCandles(writer.state, writer.statements, staging, supplied, slice);
    const refused = outcome.duplicates + outcome.rejected.length;
    const candles = slice.entry.kind === 'candles' ? slice.to - slice.from - refused : 0;
    return { outcome, from, to: rowsOf(staging), candles };
  }

  /** One transaction; tried again when another process holds the write lock, or when room could be made. */
  async #transact(staging: Staging, supplied: SuppliedCandles): Promise<void> {
    const { writer, makeRoom } = this.#parts;
    for (let tries = 0; ; tries++) {
      try {
        this.#write({
          staging,
          supplied: [...supplied.values()],
          newSymbols: [...this.#newSymbols],
          droppedRows: this.#droppedRows,
          holes: this.#holes,
          nowNs: writer.now(),
        });
        return;
      } catch (error) {
        const again = isLiveError(error, 'DISK_FULL')
          ? makeRoom()
          : isBusy(error) && tries < BUSY_TRIES;
        if (!again) throw error;
        await sleep(BUSY_PAUSE_MS);
      }
    }
  }

  #write(flush: Flush): void {
    const { writer, metrics } = this.#parts;
    const { state, statements, builder } = writer;
    writer.step('flush.begin');
    const startMs = performance.now();
    const result = writer.transact(() => {
      const written = writeFlush(statements, state, builder, flush);
      writer.step('flush.before_commit');
      return written;
    });
    metrics.noteCommit(performance.now() - startMs);
    this.#newSymbols.clear();
    this.#droppedRows = 0;
    this.#holes = [];
    state.nextSeq = result.nextSeq;
    state.candleVersion = result.candleVersion;
    for (const [source, mark] of flush.staging.marks) state.marks.set(source, mark.last);
    for (const { day, sid } of flush.supplied) {
      day.supplied.add(sid);
      if (!state.days.has(day.tradingDate)) addDay(state, day, 'open', undefined);
    }
    for (const staged of flush.staging.days.values()) this.#noteDay(staged);
    metrics.noteFlush(flush, result);
    writer.step('flush.committed');
  }

  #noteDay(staged: StagedDay): void {
    const { state } = this.#parts.writer;
    const { day, rows, maxOffset } = staged;
    const record = state.days.get(day.tradingDate) ?? addDay(state, day, 'open', undefined);
    if (staged.isLate) return;
    if (record.tailRows === 0) record.tailSinceMs = performance.now();
    record.tailRows += rows;
    if (maxOffset > day.clock) day.clock = maxOffset;
    day.tickedAtMs = performance.now();
  }

  #settle({ outcome, from, to, candles }: StagedSlice): void {
    const { slice, rejected, duplicates } = outcome;
    const { entry } = slice;
    for (const row of rejected) entry.rejected.push(row);
    entry.duplicates += duplicates;
    entry.stored += candles;
    for (const [day, end] of to) {
      const start = from.get(day) ?? 0;
      if (end === start) continue;
      entry.stored += end - start;
      if (day.isLate) entry.late += end - start;
      entry.firstSeq = Math.min(entry.firstSeq ?? day.firstSeq + start, day.firstSeq + start);
      entry.lastSeq = Math.max(entry.lastSeq ?? 0, day.firstSeq + end - 1);
    }
    this.#parts.queue.finish(slice);
    if (entry.done === entry.rows) entry.resolve(ackOf(entry, this.#parts.writer.lock.epoch));
  }
}

function rowsOf(staging: Staging): Map<StagedDay, number> {
  return new Map([...staging.days.values()].map((day) => [day, day.rows]));
}
