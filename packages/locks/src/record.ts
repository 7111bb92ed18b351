import {
  closeSync,
  ftruncateSync,
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
  let text: string;
  try {
    text = readFileSync(join(dir, RECORD), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return parseRecord(text);
}

/**
 * Whole or not at all: temporary name in the same folder, then rename. The content reaches the disk before its name does:
 * after a power cut a record without content is an owner that nobody knows, and costs the next one 12 s of watching.
 */
export function writeRecord(dir: string, record: WriterRecord): void {
  const temporary = join(dir, `${RECORD}.${record.token}.tmp`);
  try {
    writeFileSync(temporary, `${JSON.stringify(record, null, 2)}\n`, { flush: true });
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

/** In place, over the block that the file has: needs no space. Not atomic: only for the last word of a holder. */
export function overwriteRecord(dir: string, record: WriterRecord): void {
  const file = openSync(join(dir, RECORD), 'r+');
  try {
    const text = `${JSON.stringify(record, null, 2)}\n`;
    writeSync(file, text, 0);
    ftruncateSync(file, Buffer.byteLength(text));
  } finally {
    closeSync(file);
  }
}
