import { closeSync, fsyncSync, linkSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createFolderSync, type Layout } from '@tb/schema';
import { syncFolder, writeAllSync } from '../files/durable.ts';
import type { RejectedRow } from './blocks.ts';

/**
 * Keeps what was not accepted, a JSON line a row with its reason, in `quarantine/`. The file is made with the first row
 * and gets its name when it is whole.
 */
export interface Rejects {
  readonly count: number;
  add(rows: readonly RejectedRow[]): void;
  /** Makes the file durable. @returns its path, or undefined when every row was accepted. */
  close(): string | undefined;
  /** Removes what was not closed; the count stays. */
  discard(): undefined;
}

/** @param label Who rejects: `ingest`, `import`. */
export function openRejects(layout: Layout, label: string, startedAt: Date): Rejects {
  const stamp = startedAt.toISOString().replace(/[-:.]/g, '');
  const path = join(layout.quarantine, `${label}-${stamp}-${process.pid}.jsonl`);
  let descriptor: number | undefined;
  let count = 0;
  return {
    get count() {
      return count;
    },
    add: (rows) => {
      if (rows.length === 0) return;
      if (descriptor === undefined) {
        createFolderSync(layout.quarantine);
        descriptor = openSync(`${path}.tmp`, 'wx');
      }
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      writeAllSync(descriptor, Buffer.from(lines), path);
      count += rows.length;
    },
    discard: () => {
      if (descriptor === undefined) return undefined;
      closeSync(descriptor);
      descriptor = undefined;
      unlinkSync(`${path}.tmp`);
      return undefined;
    },
    close: () => {
      if (descriptor === undefined) return undefined;
      fsyncSync(descriptor);
      closeSync(descriptor);
      descriptor = undefined;
      linkSync(`${path}.tmp`, path);
      unlinkSync(`${path}.tmp`);
      syncFolder(layout.quarantine);
      return path;
    },
  };
}
