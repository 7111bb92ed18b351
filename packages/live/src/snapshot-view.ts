import type { CandleColumns, LiveTick } from '@tb/schema';
import { CandleSet } from './candle-cache.ts';
import type {
  CoverageEntry,
  DayState,
  FormingCandle,
  LiveDay,
  LiveSnapshot,
  SegmentEntry,
  TickChunk,
} from './live-snapshot.ts';
import { compareTicks, newestRowsOf, newestTicks, tickAt } from './tail-scan.ts';

/** Symbols of an exchange, both ways. Only grows, so snapshots can share it. */
export interface SymbolNames {
  readonly sids: ReadonlyMap<string, number>;
  readonly texts: ReadonlyMap<number, string>;
}

/** A row of `days`. */
export interface DayRow {
  readonly trading_date: string;
  readonly state: DayState;
  readonly frozen_seq: bigint | null;
}

export interface SnapshotParts {
  readonly exchange: string;
  readonly seq: bigint;
  readonly catalogVersion: number;
  readonly heartbeat: bigint;
  readonly days: readonly DayRow[];
  readonly segments: readonly SegmentEntry[];
  readonly tail: readonly TickChunk[];
  readonly late: readonly TickChunk[];
  readonly forming: readonly FormingCandle[];
  readonly coverage: readonly CoverageEntry[];
  readonly candleSets: ReadonlyMap<string, CandleSet>;
  /** Newest sealed tick of each symbol. */
  readonly sealed: ReadonlyMap<number, LiveTick>;
  readonly names: SymbolNames;
}

/** See `LiveSnapshot`. Holds references to parts that never change. */
export class SnapshotView implements LiveSnapshot {
  readonly exchange: string;
  readonly seq: bigint;
  readonly catalogVersion: number;
  readonly heartbeat: bigint;
  readonly segments: readonly SegmentEntry[];
  readonly tail: readonly TickChunk[];
  readonly late: readonly TickChunk[];
  readonly forming: readonly FormingCandle[];
  readonly coverage: readonly CoverageEntry[];
  readonly #parts: SnapshotParts;
  #latest: ReadonlyMap<number, LiveTick> | undefined;
  #days: readonly LiveDay[] | undefined;

  constructor(parts: SnapshotParts) {
    this.#parts = parts;
    this.exchange = parts.exchange;
    this.seq = parts.seq;
    this.catalogVersion = parts.catalogVersion;
    this.heartbeat = parts.heartbeat;
    this.segments = parts.segments;
    this.tail = parts.tail;
    this.late = parts.late;
    this.forming = parts.forming;
    this.coverage = parts.coverage;
  }

  get days(): readonly LiveDay[] {
    this.#days ??= this.#parts.days.map((day) => this.#dayOf(day));
    return this.#days;
  }

  get lastTickTs(): bigint | undefined {
    let newest: bigint | undefined;
    for (const { maxTs } of [...this.tail, ...this.segments])
      if (newest === undefined || maxTs > newest) newest = maxTs;
    return newest;
  }

  candles(tradingDate: string, options: { readonly forming?: boolean } = {}): CandleColumns {
    const set = this.#parts.candleSets.get(tradingDate);
    const forming =
      options.forming === true
        ? this.forming.filter((candle) => candle.tradingDate === tradingDate)
        : [];
    return (set ?? CandleSet.EMPTY).columns(forming);
  }

  sidOf(symbol: string): number | undefined {
    return this.#parts.names.sids.get(symbol);
  }

  symbolOf(sid: number): string | undefined {
    return this.#parts.names.texts.get(sid);
  }

  lastTicks(sid: number, count: number): readonly LiveTick[] {
    return newestTicks(this.tail, sid, count);
  }

  latest(sids?: Iterable<number>): ReadonlyMap<number, LiveTick> {
    this.#latest ??= this.#newest();
    if (sids === undefined) return this.#latest;
    const wanted = new Map<number, LiveTick>();
    for (const sid of sids) {
      const tick = this.#latest.get(sid);
      if (tick !== undefined) wanted.set(sid, tick);
    }
    return wanted;
  }

  #dayOf({ trading_date: tradingDate, state, frozen_seq: frozenSeq }: DayRow): LiveDay {
    const sum = (parts: readonly { tradingDate: string; rows: number }[]): number =>
      parts.reduce((rows, part) => (part.tradingDate === tradingDate ? rows + part.rows : rows), 0);
    return {
      tradingDate,
      state,
      frozenSeq: frozenSeq ?? undefined,
      rows: sum(this.tail) + sum(this.segments),
      lateRows: sum(this.late),
      candles: this.candles(tradingDate).rows,
    };
  }

  #newest(): ReadonlyMap<number, LiveTick> {
    const newest = new Map(this.#parts.sealed);
    for (const chunk of this.tail)
      for (const [sid, row] of newestRowsOf(chunk)) {
        const tick = tickAt(chunk, row);
        const before = newest.get(sid);
        if (before === undefined || compareTicks(tick, before) > 0) newest.set(sid, tick);
      }
    return newest;
  }
}
