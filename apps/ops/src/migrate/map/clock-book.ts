import { blockKey, type Clock, type ColumnClocks, offsetNsOf } from '../clock.ts';
import { labelOf, type SourceTable } from '../source-table.ts';

/** What a user states: `trades=utc`, or `signals.created_at=Asia/Kolkata` for one column. */
export type StatedClocks = ReadonlyMap<string, Clock>;

/** How a time without a zone is read. */
export interface TimeReader {
  /** A time on which the row hangs. undefined: its clock is unclear. */
  event(ns: bigint, key: string): bigint | undefined;
  /** A time beside the matter: the clock of its block, else of its column, else of the whole file; undefined: unclear. */
  detail(ns: bigint, key: string): bigint | undefined;
  /** When somebody wrote the row: the clock of the table's events, else UTC. */
  record(ns: bigint): bigint;
}

/** The clocks of all time columns of a source, and how each time of its tables is to be read. */
export class ClockBook {
  readonly #stated: StatedClocks;
  readonly #columns = new Map<string, ColumnClocks>();

  constructor(stated: StatedClocks) {
    this.#stated = stated;
  }

  set(table: SourceTable, column: string, clocks: ColumnClocks): void {
    this.#columns.set(keyOf(table, column), clocks);
  }

  /** What was decided for a column from its values; undefined: it was not looked at. */
  get(table: SourceTable, column: string): ColumnClocks | undefined {
    return this.#columns.get(keyOf(table, column));
  }

  /** What the user states for a column, or else for its table. */
  stated(table: SourceTable, column: string): Clock | undefined {
    return this.#stated.get(keyOf(table, column)) ?? this.#stated.get(labelOf(table));
  }

  /** The clock that every telling block of the file agrees on; undefined when the file mixes clocks, or tells none. */
  fileConsensus(): Clock | undefined {
    let [utc, ist] = [0, 0];
    for (const { telling } of this.#columns.values()) {
      utc += telling.utc;
      ist += telling.ist;
    }
    if (utc > 0 && ist > 0) return undefined;
    return utc > 0 ? 'utc' : ist > 0 ? 'ist' : undefined;
  }

  /** @param column Of the time; @param eventColumn of the table's events, when it has any. */
  reader(table: SourceTable, column: string, eventColumn: string | undefined): TimeReader {
    const clocks = this.#columns.get(keyOf(table, column));
    const events =
      eventColumn === undefined ? undefined : this.#columns.get(keyOf(table, eventColumn));
    const blockClock = (ns: bigint, key: string): Clock | undefined =>
      clocks?.blocks.get(blockKey({ day: dayOf(ns), group: key }));
    const read = (ns: bigint, clock: Clock | undefined): bigint | undefined =>
      clock === undefined ? undefined : ns - offsetNsOf(clock);
    return {
      event: (ns, key) => read(ns, blockClock(ns, key)),
      detail: (ns, key) =>
        read(ns, blockClock(ns, key) ?? clocks?.consensus ?? this.fileConsensus()),
      record: (ns) => ns - offsetNsOf(this.recordClock(table, column, events)),
    };
  }

  /** The clock of times that nobody can check against market hours. */
  recordClock(table: SourceTable, column: string, events: ColumnClocks | undefined): Clock {
    return this.stated(table, column) ?? events?.consensus ?? 'utc';
  }
}

function keyOf(table: SourceTable, column: string): string {
  return `${labelOf(table)}.${column}`;
}

function dayOf(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString().slice(0, 10);
}
