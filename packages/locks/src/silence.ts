import { lookAtDirectory } from './heartbeat.ts';
import type { Machine } from './machine.ts';
import { readRecord } from './record.ts';

const LOOK_MS = 100;

/**
 * Watches record and heartbeat directory by our monotonic clock, which no adjustment of the wall clock moves.
 * @returns true when nothing changed for `quietMs`; false at the first sign of life. Rejects when the signal fires.
 */
export async function staysSilent(
  dir: string,
  quietMs: number,
  machine: Machine,
  signal?: AbortSignal,
): Promise<boolean> {
  const before = fingerprint(dir);
  const end = machine.monotonicMs() + quietMs;
  while (machine.monotonicMs() < end) {
    await machine.sleep(Math.min(LOOK_MS, Math.max(1, end - machine.monotonicMs())), signal);
    if (fingerprint(dir) !== before) return false;
  }
  return true;
}

function fingerprint(dir: string): string {
  const record = readRecord(dir);
  const token = record === undefined || record === 'damaged' ? record : record.token;
  return `${token} ${lookAtDirectory(dir)?.mtimeMs}`;
}
