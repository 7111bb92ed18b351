import { join } from 'node:path';
import { fileError } from './file-error.ts';
import { lookAtDirectory } from './heartbeat.ts';
import { judge } from './judge.ts';
import { type Machine, thisMachine } from './machine.ts';
import { GUARD, probeGuard } from './os-guard.ts';
import type { ProcessLook } from './platform.ts';
import { realDirectory } from './real-directory.ts';
import { readRecord, type WriterRecord } from './record.ts';
import { givenUpToken, isTaken } from './registry.ts';
import { REAP_MS } from './settle.ts';
import { namesThisProcess } from './this-process.ts';

/**
 * ok: free, held, held-by-this-process. To look at: held-stopped, stale-reclaimable (the next acquire takes it),
 * held-elsewhere (another machine, container or tool; not provable from here). Failed: anomaly-guard-lost.
 */
export type LockVerdict =
  | 'free'
  | 'held'
  | 'held-by-this-process'
  | 'held-stopped'
  | 'stale-reclaimable'
  | 'held-elsewhere'
  | 'anomaly-guard-lost';

/** What can be seen of a folder's lock. Plain data: it survives JSON. */
export interface LockInspection {
  readonly dir: string;
  readonly verdict: LockVerdict;
  /** How bad: `ok`, `warn`, `fail`. */
  readonly level: 'ok' | 'warn' | 'fail';
  /** 'unknown': this user cannot write the guard, and so cannot try it. */
  readonly osLock: 'held' | 'free' | 'missing' | 'unknown';
  readonly directory: boolean;
  /** Milliseconds since the heartbeat; null without a directory. */
  readonly heartbeatAgeMs: number | null;
  /** The last writer that the record names, holding or not. */
  readonly holder: WriterRecord | null;
  readonly recordDamaged: boolean;
  /** The process with the pid of a `held` record, when it shares boot and namespace with us. */
  readonly process: ProcessLook | null;
}

const LEVELS: Readonly<Record<LockVerdict, LockInspection['level']>> = {
  free: 'ok',
  held: 'ok',
  'held-by-this-process': 'ok',
  'held-stopped': 'warn',
  'stale-reclaimable': 'warn',
  'held-elsewhere': 'warn',
  'anomaly-guard-lost': 'fail',
};

/**
 * Looks at a folder's lock without taking it. Tries the guard for some microseconds, but never in the holder's process;
 * changes no file. A holder seen in the moment of its death or release is looked at again, up to 250 ms.
 * @throws `DIRECTORY_MISSING`, `GUARD_CORRUPT`, `RECORD_UNWRITABLE`
 */
export function inspectLock(dir: string): Promise<LockInspection> {
  return inspectOn(thisMachine(), dir);
}

/** @internal On a machine of the caller's making. */
export async function inspectOn(machine: Machine, dir: string): Promise<LockInspection> {
  const real = realDirectory(dir);
  const end = machine.monotonicMs() + REAP_MS;
  for (;;) {
    const seen = lookOrRefuse(machine, real);
    if (seen.verdict !== 'anomaly-guard-lost' || machine.monotonicMs() >= end) return seen;
    await machine.sleep(10);
  }
}

/** Another user may be kept from reading the record. */
function lookOrRefuse(machine: Machine, dir: string): LockInspection {
  try {
    return look(machine, dir);
  } catch (error) {
    throw fileError(error, dir);
  }
}

function look(machine: Machine, dir: string): LockInspection {
  const before = readRecord(dir);
  const own = isTaken(dir) || namesThisProcess(before, dir, machine.self());
  const osLock = own ? 'held' : probeGuard(join(dir, GUARD));
  const saysHeld = before !== 'damaged' && before?.state === 'held';
  // Where the lock contradicts the record, somebody came or went between the two looks.
  const record = saysHeld === (osLock === 'held') ? before : readRecord(dir);
  const known = record === 'damaged' ? undefined : record;
  const directory = lookAtDirectory(dir);
  const local = known?.bootId === machine.bootId() && known?.pidNs === machine.pidNs();
  const process = known?.state === 'held' && local ? machine.process(known.pid) : null;
  const verdict = (): LockVerdict => {
    if (own) return 'held-by-this-process';
    if (osLock === 'held')
      return known !== undefined && isStopped(known, process) ? 'held-stopped' : 'held';
    const looked: Machine = process === null ? machine : { ...machine, process: () => process };
    const judged = judge(record, directory, machine.self(), looked, givenUpToken(dir)).kind;
    return verdictOf(judged, osLock);
  };
  const says = verdict();
  return {
    dir,
    verdict: says,
    level: LEVELS[says],
    osLock,
    directory: directory !== undefined,
    heartbeatAgeMs:
      directory === undefined ? null : Math.max(0, machine.nowMs() - directory.mtimeMs),
    holder: known ?? null,
    recordDamaged: record === 'damaged',
    process,
  };
}

function isStopped(record: WriterRecord, process: ProcessLook | null): boolean {
  if (process?.state !== 'T' && process?.state !== 't') return false;
  return process.startTime === record.startTime;
}

function verdictOf(
  judgement: ReturnType<typeof judge>['kind'],
  osLock: LockInspection['osLock'],
): LockVerdict {
  if (judgement === 'free') return 'free';
  if (judgement === 'dead') return 'stale-reclaimable';
  if (judgement === 'alive') return osLock === 'unknown' ? 'held' : 'anomaly-guard-lost';
  return 'held-elsewhere';
}
