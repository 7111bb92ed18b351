import { ManagerError } from '../errors.ts';
import type { DuckEngine } from './duck-engine.ts';
import { literal } from './sql-text.ts';

/** A file that can be attached. */
export interface AttachableFile {
  /** Absolute. */
  readonly path: string;
  /** Its identity: a path may come back with other content (a rebuilt month). */
  readonly sha256: string;
  /** Compares size and sha256, by its own means; called before the first ATTACH. */
  verify(): Promise<void>;
}

/** An attached file, held until `release()`. */
export interface Attachment {
  /** The name of the attached database: `f1.data`, `f1.coverage`. */
  readonly catalog: string;
  release(): void;
}

interface Entry {
  readonly file: AttachableFile;
  readonly alias: string;
  pins: number;
  readonly attached: Promise<void>;
}

/**
 * Files attached to one engine, least recently used out first. A file that a snapshot holds stays; only when all are
 * held does the number grow beyond the budget, up to the hard limit.
 */
export class AttachCache {
  readonly #engine: DuckEngine;
  readonly #budget: number;
  readonly #limit: number;
  /** By path, oldest use first. */
  readonly #entries = new Map<string, Entry>();
  #nextAlias = 1;
  /** ATTACH and DETACH one after the other: DuckDB refuses a path that is attached already. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param limit More than this many are refused. */
  constructor(engine: DuckEngine, budget: number, limit: number = budget * 4) {
    this.#engine = engine;
    this.#budget = budget;
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** How many more files can be held without going over the budget, given what snapshots hold now. */
  get room(): number {
    let held = 0;
    for (const entry of this.#entries.values()) if (entry.pins > 0) held += 1;
    return Math.max(0, this.#budget - held);
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  /**
   * Verifies and attaches a file, or finds it attached.
   * @returns undefined when other content of the same path is held by a running snapshot.
   * @throws what `verify` throws; `FILE_LIMIT`, `QUERY_FAILED`, `ENGINE_FAILED`
   */
  async attach(file: AttachableFile): Promise<Attachment | undefined> {
    let entry = this.#entries.get(file.path);
    if (entry && entry.file.sha256 !== file.sha256) {
      if (entry.pins > 0) return undefined;
      await this.#detach(entry);
      entry = this.#entries.get(file.path); // somebody else may have come between
    }
    entry ??= this.#add(file);
    this.#entries.delete(file.path);
    this.#entries.set(file.path, entry);
    entry.pins += 1;
    try {
      await entry.attached;
      await this.#trim();
    } catch (error) {
      this.#unpin(entry);
      throw error;
    }
    const held = entry;
    let isHeld = true;
    return {
      catalog: entry.alias,
      release: () => {
        if (isHeld) this.#unpin(held);
        isHeld = false;
      },
    };
  }

  #add(file: AttachableFile): Entry {
    if (this.#entries.size >= this.#limit)
      throw new ManagerError(
        'FILE_LIMIT',
        `${this.#entries.size} files are attached and in use, the limit is ${this.#limit}`,
      );
    const alias = `f${this.#nextAlias++}`;
    const attached = this.#open(file, alias);
    const entry: Entry = { file, alias, pins: 0, attached };
    this.#entries.set(file.path, entry);
    attached.catch(() => this.#entries.delete(file.path)); // those who wait get the error; the next call tries again
    return entry;
  }

  async #open(file: AttachableFile, alias: string): Promise<void> {
    await file.verify();
    // Without TYPE, a file that begins like SQLite makes DuckDB look for an extension.
    try {
      await this.#inTurn(`ATTACH ${literal(file.path)} AS ${alias} (TYPE duckdb, READ_ONLY)`);
    } catch (error) {
      await file.verify(); // gone since the first look: that is the error to tell
      throw error;
    }
  }

  #inTurn(sql: string): Promise<void> {
    const turn = this.#last.then(() => this.#engine.run(sql));
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #unpin(entry: Entry): void {
    entry.pins -= 1;
  }

  async #trim(): Promise<void> {
    if (this.#entries.size <= this.#budget) return;
    for (const entry of [...this.#entries.values()]) {
      if (this.#entries.size <= this.#budget) return;
      if (entry.pins === 0) await this.#detach(entry);
    }
  }

  async #detach(entry: Entry): Promise<void> {
    if (this.#entries.get(entry.file.path) === entry) this.#entries.delete(entry.file.path);
    await this.#inTurn(`DETACH ${entry.alias}`);
  }
}
