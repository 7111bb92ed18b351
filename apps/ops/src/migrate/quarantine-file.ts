import { closeSync, createReadStream, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { createFolderSync } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { syncFolder, writeAllSync } from '../files/durable.ts';
import type { RawRow } from './map/legacy-row.ts';
import { REASONS, type Reason } from './reason.ts';
import { labelOf, type SourceTable } from './source-table.ts';

const BUFFER_BYTES = 1 << 16;

/**
 * Keeps quarantined rows, one JSON line each: table, rowid, reason, what it means, and the values as text. The file gets its
 * name when it is whole.
 */
export class QuarantineFile {
  readonly path: string;
  readonly #isKept: boolean;
  readonly #counts = new Map<string, number>();
  #descriptor: number | undefined;
  #buffer = '';

  /** @param isKept false in a dry run: rows are counted and not written. */
  constructor(path: string, isKept: boolean) {
    this.path = path;
    this.#isKept = isKept;
  }

  get rows(): number {
    return [...this.#counts.values()].reduce((sum, rows) => sum + rows, 0);
  }

  add(table: SourceTable, raw: Pick<RawRow, 'rowid' | 'cells'>, reason: Reason): void {
    const label = labelOf(table);
    this.#counts.set(label, (this.#counts.get(label) ?? 0) + 1);
    if (!this.#isKept) return;
    const values = Object.fromEntries(
      table.columns.map(({ name }, at) => [name, raw.cells[at] ?? null]),
    );
    const line = {
      table: label,
      rowid: Number(raw.rowid),
      reason,
      meaning: REASONS[reason],
      values,
    };
    this.#buffer += `${JSON.stringify(line)}\n`;
    if (this.#buffer.length > BUFFER_BYTES) this.#flush();
  }

  /**
   * Makes the file durable under its name and reads it back.
   * @returns its path; undefined when no row was quarantined, and in a dry run.
   * @throws `MIGRATION_MISMATCH`
   */
  async finish(): Promise<string | undefined> {
    if (!this.#isKept) return undefined;
    if (this.#counts.size === 0) {
      rmSync(this.path, { force: true }); // of an earlier run that was told less
      return undefined;
    }
    this.#flush();
    fsyncSync(this.#descriptor as number);
    closeSync(this.#descriptor as number);
    this.#descriptor = undefined;
    renameSync(`${this.path}.tmp`, this.path);
    syncFolder(dirname(this.path));
    await this.#readBack();
    return this.path;
  }

  /** Drops what was not finished. May be called at any time. */
  discard(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    this.#descriptor = undefined;
    rmSync(`${this.path}.tmp`, { force: true });
  }

  #flush(): void {
    if (this.#descriptor === undefined) {
      createFolderSync(dirname(this.path));
      this.#descriptor = openSync(`${this.path}.tmp`, 'w');
    }
    writeAllSync(this.#descriptor, Buffer.from(this.#buffer), this.path);
    this.#buffer = '';
  }

  async #readBack(): Promise<void> {
    const found = new Map<string, number>();
    for await (const line of createInterface({ input: createReadStream(this.path) })) {
      const { table } = JSON.parse(line) as { table: string };
      found.set(table, (found.get(table) ?? 0) + 1);
    }
    for (const [table, rows] of this.#counts)
      if (found.get(table) !== rows)
        throw new OpsError(
          'MIGRATION_MISMATCH',
          `${this.path} has ${found.get(table) ?? 0} rows of ${table}, ${rows} were written`,
        );
  }
}
