import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';
import { createFolder, hashFile } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { syncFolder, writeAllSync } from '../files/durable.ts';
import type { MigrationResult } from './migration-result.ts';

/** What is remembered of a migration: `legacy/<name>-<sha12>.json` in the data root. */
export interface JournalEntry {
  readonly version: 1;
  readonly state: 'running' | 'done';
  readonly sha256: string;
  /** Everything that was stated, as sorted `name=value`. */
  readonly stated: readonly string[];
  readonly startedAt: string;
  readonly finishedAt?: string | undefined;
  readonly result?: MigrationResult | undefined;
}

/**
 * Remembers which migration was begun, with which statements, and how it ended. It is no list of steps: each step finds by
 * itself, from the contents of the data root, what is there already.
 */
export class Journal {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** undefined when the migration was never begun. @throws `MIGRATION_MISMATCH` for a file that is no journal */
  read(): JournalEntry | undefined {
    if (!existsSync(this.#path)) return undefined;
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as JournalEntry;
    } catch (cause) {
      throw new OpsError(
        'MIGRATION_MISMATCH',
        `${this.#path} is not readable as the journal of a migration`,
        { cause },
      );
    }
  }

  /**
   * The result of a finished migration that was told the same and left no row for later, while its archive is still what it was;
   * else undefined.
   * @param stated As `joined` gives it.
   */
  async finished(stated: readonly string[]): Promise<MigrationResult | undefined> {
    const entry = this.read();
    const result = entry?.result;
    if (entry?.state !== 'done' || !result) return undefined;
    if (entry.stated.join('\n') !== stated.join('\n')) return undefined;
    if (result.tables.some(({ reasons }) => reasons.session_open !== undefined)) return undefined;
    if (!existsSync(result.archive.path)) return undefined;
    const { sha256 } = await hashFile(result.archive.path);
    return sha256 === result.archive.sha256 ? result : undefined;
  }

  /**
   * What is stated now, joined with what earlier runs were told: rows that were moved by it stay moved.
   * @throws `MIGRATION_OPTIONS` when something was stated otherwise before
   */
  joined(now: ReadonlyMap<string, string>): Map<string, string> {
    const all = new Map((this.read()?.stated ?? []).map(split));
    for (const [name, value] of now) {
      const known = all.get(name);
      if (known !== undefined && known !== value)
        throw new OpsError(
          'MIGRATION_OPTIONS',
          `An earlier run of this migration was told ${name}=${known}, now it is ${name}=${value}`,
        );
      all.set(name, value);
    }
    return all;
  }

  /** Replaces the entry: old or new after a crash, never between. */
  async write(entry: JournalEntry): Promise<void> {
    await createFolder(dirname(this.#path));
    const temporary = `${this.#path}.tmp`;
    const descriptor = openSync(temporary, 'w');
    try {
      const bytes = Buffer.from(`${JSON.stringify(entry, null, 2)}\n`);
      writeAllSync(descriptor, bytes, temporary);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, this.#path);
    syncFolder(dirname(this.#path));
  }
}

function split(text: string): [string, string] {
  const at = text.lastIndexOf('=');
  return [text.slice(0, at), text.slice(at + 1)];
}
