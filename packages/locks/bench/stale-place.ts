import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The pid cannot exist: above the limit of Linux. Boot and namespace are those of the record's reader. */
const NO_SUCH_PID = 4_194_305;

export interface StaleIdentity {
  readonly host: string;
  readonly machineId: string | null;
  readonly bootId: string | null;
  readonly pidNs: string | null;
}

/** A folder as a killed writer leaves it an hour later: a `held` record, an old heartbeat directory. */
export function forgeStalePlace(dir: string, identity: StaleIdentity): void {
  const record = {
    ...identity,
    pid: NO_SUCH_PID,
    threadId: 0,
    token: 'a-dead-writer',
    epoch: 7,
    state: 'held',
    startTime: '1',
    acquiredAt: '2026-02-02T03:45:00.000Z',
    releasedAt: null,
    purpose: 'ingestor',
    script: 'ingest.mjs',
  };
  writeFileSync(join(dir, '.writer.lock'), JSON.stringify(record));
  mkdirSync(join(dir, '.writer.lock.lock'));
  const old = Date.now() / 1_000 - 3_600;
  utimesSync(join(dir, '.writer.lock.lock'), old, old);
}
