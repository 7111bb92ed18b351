import { stat } from 'node:fs/promises';
import {
  type FileEntry,
  FileVerifier,
  isHistoryError,
  type MonthEntry,
  type VerifiedRow,
} from '@tb/history';
import { isLiveError, type SegmentEntry, verifySegment } from '@tb/live';
import type { Layout } from '@tb/schema';

/**
 * Compares files with what the manifest and live.db say, before they are attached. One a manager, for all its DuckDB
 * instances: a file that one of them has attached must not be read a second time, because closing it drops DuckDB's locks.
 */
export class SourceVerifier {
  readonly #published: FileVerifier;
  readonly #segments = new Set<string>();

  constructor(layout: Layout, findVerified: (path: string) => VerifiedRow | undefined) {
    this.#published = new FileVerifier({ layout, findVerified });
  }

  /** @throws `DAY_FILE_MISSING`, `DAY_FILE_CORRUPT` */
  async verify(entry: FileEntry | MonthEntry): Promise<void> {
    await this.#published.verify(entry);
  }

  /** Segments never change and their names are never used again: hashed once. @throws `SEGMENT_MISSING`, `SEGMENT_CORRUPT` */
  async verifySegment(entry: SegmentEntry): Promise<void> {
    const key = `${entry.sha256} ${entry.path}`;
    if (this.#segments.has(key) && (await hasSize(entry.path, entry.sizeBytes))) return;
    await verifySegment(entry);
    this.#segments.add(key);
  }
}

async function hasSize(path: string, sizeBytes: number): Promise<boolean> {
  try {
    return (await stat(path)).size === sizeBytes;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return false;
    throw error;
  }
}

/** Whether the file is gone: it may have been retired since the snapshot was taken. */
export function isFileMissing(error: unknown): boolean {
  return isHistoryError(error, 'DAY_FILE_MISSING') || isLiveError(error, 'SEGMENT_MISSING');
}
