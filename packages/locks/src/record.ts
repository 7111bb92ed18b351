import {
  closeSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * The content of `.writer.lock`: who is, or was last, the writer of a folder. Never deleted, because it keeps the last
 * epoch. Identity fields are null where the platform does not tell; unknown is never taken for free.
 */
export interface WriterRecord {
  readonly pid: number;
  readonly threadId: number;
  /** Random, one per acquisition. */
  readonly token: string;
  readonly epoch: number;
  readonly state: 'held' | 'released';
  readonly host: string;
  readonly machineId: string | null;
  /** Changes with each boot. */
  readonly bootId: string | null;
  /** PID namespace: a pid means nothing in another one. */
  readonly pidNs: string | null;
  /** Start time of the process in the platform's own unit: with the pid, its identity. */
  readonly startTime: string | null;
  /** ISO 8601, UTC. */
  readonly acquiredAt: string;
  readonly releasedAt: string | null;
  readonly purpose: string;
  /** File name of the program, without arguments: they may hold secrets. */
  readonly script: string;
}

/** `undefined`: there is no record. `'damaged'`: there is a file that is none of ours. */
export type RecordRead = WriterRecord | 'damaged' | undefined;

export const RECORD = '.writer.lock';

export function readRecord(dir: string): RecordRead {
  const record = readOnce(dir);
  // A release writes in place: a reader may meet it half way, once.
  return record === 'damaged' ? readOnce(dir) : record;
}

function readOnce(dir: string): RecordRead {
  let text: string;
  try {
    text = readFileSync(join(dir, RECORD), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return parseRecord(text);
}

/** Longer than any usual record, so that a release changes no size: see `overwriteRecord`. */
const RECORD_LENGTH = 1024;

function serialise(record: WriterRecord): string {
  return `${JSON.stringify(record, null, 2).padEnd(RECORD_LENGTH - 1)}\n`;
}

/**
 * Whole or not at all: temporary name in the same folder, then rename. The content reaches the disk before its name does:
 * after a power cut a record without content is an owner that nobody knows, and costs the next one 12 s of watching.
 */
export function writeRecord(dir: string, record: WriterRecord): void {
  const temporary = join(dir, `${RECORD}.${record.token}.tmp`);
  try {
    writeFileSync(temporary, serialise(record), { flush: true });
    renameSync(temporary, join(dir, RECORD));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** Names the temporary file of a record: left by a writer that died between write and rename, unless one is at it now. */
export function isLockLeftover(name: string): boolean {
  return name.startsWith(`${RECORD}.`) && name.endsWith('.tmp');
}

function parseRecord(text: string): WriterRecord | 'damaged' {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text);
  } catch {
    return 'damaged'; // an answer, not an accident: the judge treats it as an unknown owner
  }
  if (typeof value !== 'object' || value === null) return 'damaged';
  const whole = ['pid', 'threadId', 'epoch'].every(
    (key) => Number.isSafeInteger(value[key]) && (value[key] as number) >= 0,
  );
  const strings = ['token', 'host', 'acquiredAt', 'purpose', 'script'].every(
    (key) => typeof value[key] === 'string',
  );
  const nullable = ['machineId', 'bootId', 'pidNs', 'startTime', 'releasedAt'].every(
    (key) => value[key] === null || typeof value[key] === 'string',
  );
  const state = value['state'] === 'held' || value['state'] === 'released';
  return whole && strings && nullable && state && value['token'] !== ''
    ? (value as unknown as WriterRecord)
    : 'damaged';
}

/**
 * The last word of a holder, in place: needs no space on a full disk and no sync (0.02 ms in place of 0.55). A power cut
 * may take it back: then the record says `held` by an earlier boot, which is free. It may tear it where a file system
 * tears a block: then the next writer watches a damaged record for 12 s.
 */
export function overwriteRecord(dir: string, record: WriterRecord): void {
  const file = openSync(join(dir, RECORD), 'r+');
  try {
    writeSync(file, serialise(record), 0);
  } finally {
    closeSync(file);
  }
}
