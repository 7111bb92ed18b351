import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Layout } from '@tb/schema';
import { appendLine } from '../files/durable.ts';

/** A backup that was restored and checked. */
export interface Proof {
  readonly id: string;
  /** ISO 8601 UTC: when it was proved. */
  readonly at: string;
  /** How long the restore took, ms. */
  readonly restoreMs: number;
}

const fileOf = (layout: Layout): string => join(layout.backups, 'proofs.jsonl');

/** Records a proof, a line each; the file only grows. */
export async function recordProof(layout: Layout, proof: Proof): Promise<void> {
  await appendLine(fileOf(layout), JSON.stringify(proof));
}

/** All proofs, oldest first. A line that a power cut tore is no proof. */
export async function readProofs(layout: Layout): Promise<readonly Proof[]> {
  let text: string;
  try {
    text = await readFile(fileOf(layout), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Proof];
    } catch (error) {
      if (error instanceof SyntaxError) return [];
      throw error;
    }
  });
}
