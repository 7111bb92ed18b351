import { loadTicks, type TickChunk } from '@tb/live';
import type { DuckEngine } from './duck-engine.ts';

/** Rows that no snapshot wants any more before a table is made anew. */
const DEAD_ROWS_MAX = 200_000;

/** Rows of one trading date of the tail, as a relation; held until `release()`. */
export interface TailRelation {
  readonly relation: string;
  release(): void;
}

interface TailTable {
  readonly name: string;
  /** What was loaded, ascending by firstSeq. */
  readonly chunks: TickChunk[];
  pins: number;
  isRetired: boolean;
}

/**
 * The hot tail of one exchange inside DuckDB: one table a trading date, to which a refresh adds what is new. A snapshot
 * sees its own rows by a range of seq, so that snapshots of different moments share the table.
 */
export class TailTables {
  readonly #engine: DuckEngine;
  readonly #tables = new Map<string, TailTable>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(engine: DuckEngine) {
    this.#engine = engine;
  }

  /** @param chunks All tail chunks of the date in one live snapshot, ascending by firstSeq, at least one. */
  relationOf(tradingDate: string, chunks: readonly TickChunk[]): Promise<TailRelation> {
    // One refresh at a time: two would load the same rows twice.
    const turn = this.#last.then(() => this.#relationOf(tradingDate, chunks));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  /** Drops the tables of dates that have no tail any more, when nobody reads them. */
  async retain(tradingDates: ReadonlySet<string>): Promise<void> {
    const gone = [...this.#tables.keys()].filter((date) => !tradingDates.has(date));
    if (gone.length === 0) return;
    const turn = this.#last.then(async () => {
      for (const date of gone) await this.#retire(date);
    });
    this.#last = turn.catch(() => undefined);
    await turn;
  }

  async #relationOf(tradingDate: string, chunks: readonly TickChunk[]): Promise<TailRelation> {
    let table = this.#tables.get(tradingDate);
    let missing = table ? missingChunks(table.chunks, chunks) : undefined;
    if (!table || !missing) {
      await this.#retire(tradingDate);
      table = await this.#create(tradingDate);
      missing = chunks;
    }
    if (missing.length > 0) await this.#load(tradingDate, table, missing);
    const held = table;
    held.pins += 1;
    let isHeld = true;
    const first = (chunks[0] as TickChunk).firstSeq;
    const last = (chunks[chunks.length - 1] as TickChunk).lastSeq;
    return {
      relation: `(SELECT * FROM memory.main.${held.name} WHERE seq BETWEEN ${first} AND ${last})`,
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        held.pins -= 1;
        if (held.isRetired && held.pins === 0) this.#dropLater(held);
      },
    };
  }

  async #create(tradingDate: string): Promise<TailTable> {
    const name = this.#engine.newName('tail');
    await this.#engine.run(
      `CREATE TABLE memory.main.${name} (sid INTEGER NOT NULL, ts TIMESTAMP_NS NOT NULL, seq BIGINT NOT NULL,
price DOUBLE NOT NULL, volume DOUBLE NOT NULL, bid DOUBLE, ask DOUBLE)`,
    );
    const table: TailTable = { name, chunks: [], pins: 0, isRetired: false };
    this.#tables.set(tradingDate, table);
    return table;
  }

  async #load(tradingDate: string, table: TailTable, chunks: readonly TickChunk[]): Promise<void> {
    try {
      await this.#engine.use((connection) =>
        loadTicks(connection, { table: table.name, schema: 'main', catalog: 'memory' }, chunks),
      );
      table.chunks.push(...chunks);
    } catch (error) {
      await this.#retire(tradingDate); // part of it may be loaded: the next refresh begins anew
      throw error;
    }
  }

  async #retire(tradingDate: string): Promise<void> {
    const table = this.#tables.get(tradingDate);
    if (!table) return;
    this.#tables.delete(tradingDate);
    table.isRetired = true;
    if (table.pins === 0 && this.#engine.isUsable)
      await this.#engine.run(`DROP TABLE memory.main.${table.name}`);
  }

  #dropLater(table: TailTable): void {
    this.#last = this.#last
      .then(() => this.#engine.run(`DROP TABLE memory.main.${table.name}`))
      .catch(() => undefined); // the engine failed or was closed, and the table with it
  }
}

/**
 * The chunks to add so that the table holds all wanted ones and, in their range of seq, no other; undefined when the
 * table cannot be used for them.
 */
export function missingChunks(
  loaded: readonly TickChunk[],
  wanted: readonly TickChunk[],
): readonly TickChunk[] | undefined {
  const first = wanted[0] as TickChunk;
  const start = loaded.findIndex((chunk) => chunk.firstSeq === first.firstSeq);
  if (start < 0) return undefined;
  const dead = loaded.slice(0, start).reduce((sum, chunk) => sum + chunk.rows, 0);
  if (dead > DEAD_ROWS_MAX) return undefined;
  const shared = Math.min(loaded.length - start, wanted.length);
  for (let index = 0; index < shared; index++) {
    const [one, other] = [loaded[start + index] as TickChunk, wanted[index] as TickChunk];
    if (one.firstSeq !== other.firstSeq || one.lastSeq !== other.lastSeq) return undefined;
  }
  return wanted.slice(shared);
}
