import type { Identity } from './machine.ts';
import { type RecordRead, readRecord } from './record.ts';
import { givenUpToken } from './registry.ts';

/**
 * Another thread, or another copy of this module, has it. Must be known before the guard is opened: a second copy of
 * SQLite in one process is granted the lock, and its close frees the lock for all.
 */
export function isHeldByThisProcess(dir: string, self: Identity): boolean {
  return namesThisProcess(readRecord(dir), dir, self);
}

/** Does the record say that this process holds the folder? */
export function namesThisProcess(record: RecordRead, dir: string, self: Identity): boolean {
  if (record === undefined || record === 'damaged' || record.state === 'released') return false;
  return (
    record.pid === self.pid &&
    record.startTime === self.startTime &&
    record.bootId === self.bootId &&
    record.pidNs === self.pidNs &&
    record.host === self.host &&
    record.token !== givenUpToken(dir)
  );
}
