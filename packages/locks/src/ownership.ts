import { join } from 'node:path';
import { fileIdentity, GUARD } from './os-guard.ts';
import { readRecord } from './record.ts';

/** What a holder remembers of the files that say so. */
export interface Ownership {
  readonly dir: string;
  readonly token: string;
  /** Device and inode of the guard that was locked. */
  readonly guardIdentity: string;
}

/** Do record and guard still name this holder, as holding? Only then may it touch record and heartbeat directory. */
export function ownsFiles(ownership: Ownership): boolean {
  if (fileIdentity(join(ownership.dir, GUARD)) !== ownership.guardIdentity) return false;
  const record = readRecord(ownership.dir);
  if (record === undefined || record === 'damaged') return false;
  return record.token === ownership.token && record.state === 'held';
}
