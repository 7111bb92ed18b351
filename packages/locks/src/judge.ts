import type { HeldReason } from './errors.ts';
import type { Identity, Machine } from './machine.ts';
import type { RecordRead, WriterRecord } from './record.ts';

/** A container that shares this kernel and clock is dead after this silence: its heartbeat beats every 3 s. */
const CONTAINER_QUIET_MS = 5_000;
/** Silence of an owner that nobody knows: longer than proper-lockfile's default of 10 s, at which others steal. */
const UNKNOWN_QUIET_MS = 12_000;
/** proper-lockfile probes with a time up to 1 s ahead; a directory further ahead has seen a clock jump. */
const CLOCK_SLACK_MS = 1_100;

/** The heartbeat directory; undefined: there is none. */
export type DirectoryLook = { readonly mtimeMs: number } | undefined;

/** What record and directory say about the last writer. They can refuse; they never grant. */
export type Judgement =
  | { readonly kind: 'free' }
  /** Proven: its directory may be removed. */
  | { readonly kind: 'dead'; readonly why: string }
  /** A process of this kernel and namespace that is there. */
  | { readonly kind: 'alive' }
  /** Refuse now; `looksQuiet`: silence for `quietMs` of our monotonic clock would prove it dead. */
  | {
      readonly kind: 'unproven';
      readonly reason: HeldReason;
      readonly quietMs: number;
      readonly looksQuiet: boolean;
    }
  /** Not provable from here. */
  | { readonly kind: 'foreign'; readonly why: string };

/**
 * Judges the last writer while the OS lock is in our hands. Reads nothing but what it is given, and one process by pid.
 *
 * @param givenUp Token of a lock that this process held and gave up without the record saying so.
 */
export function judge(
  record: RecordRead,
  directory: DirectoryLook,
  self: Identity,
  machine: Machine,
  givenUp?: string,
): Judgement {
  // A holder has a directory: a damaged record without one was torn while it was written, and nobody stands behind it.
  if (record === undefined || record === 'damaged' || record.state === 'released')
    return directory === undefined ? { kind: 'free' } : unknownOwner(directory, machine);
  if (record.token === givenUp) return { kind: 'dead', why: 'given up by this process' };
  if (record.bootId === null || self.bootId === null)
    return { kind: 'foreign', why: 'the boot identity cannot be read' };
  if (record.bootId !== self.bootId) return judgeOtherBoot(record, self);
  if (record.pidNs === null || self.pidNs === null)
    return { kind: 'foreign', why: 'the pid namespace cannot be read' };
  if (record.pidNs !== self.pidNs) return judgeContainer(directory, machine);
  return judgeProcess(record, machine);
}

function judgeOtherBoot(record: WriterRecord, self: Identity): Judgement {
  const sameMachine =
    record.machineId !== null && record.machineId === self.machineId && record.host === self.host;
  return sameMachine
    ? { kind: 'dead', why: 'the machine was rebooted since' }
    : { kind: 'foreign', why: `it ran on ${record.host}` };
}

/** Same kernel, so same clock: the age of the heartbeat counts at once. */
function judgeContainer(directory: DirectoryLook, machine: Machine): Judgement {
  const ageMs = directory === undefined ? undefined : machine.nowMs() - directory.mtimeMs;
  if (ageMs !== undefined && ageMs >= CONTAINER_QUIET_MS)
    return { kind: 'dead', why: `another container, silent for ${Math.round(ageMs)} ms` };
  return {
    kind: 'unproven',
    reason: 'other-container',
    quietMs: CONTAINER_QUIET_MS,
    looksQuiet: ageMs === undefined || ageMs < -CLOCK_SLACK_MS,
  };
}

/** A clock may have jumped: what looks old must also stay silent while we watch. */
function unknownOwner(directory: NonNullable<DirectoryLook>, machine: Machine): Judgement {
  const ageMs = machine.nowMs() - directory.mtimeMs;
  return {
    kind: 'unproven',
    reason: 'other-tool',
    quietMs: UNKNOWN_QUIET_MS,
    looksQuiet: ageMs >= UNKNOWN_QUIET_MS || ageMs < -CLOCK_SLACK_MS,
  };
}

/** Same boot, same namespace: the kernel knows. */
function judgeProcess(record: WriterRecord, machine: Machine): Judgement {
  const look = machine.process(record.pid);
  if (look.exists === 'no') return { kind: 'dead', why: `no process ${record.pid}` };
  if (look.state === 'Z' || look.state === 'X')
    return { kind: 'dead', why: `process ${record.pid} is a zombie` };
  if (look.startTime !== null && record.startTime !== null && look.startTime !== record.startTime)
    return { kind: 'dead', why: `pid ${record.pid} belongs to a later process` };
  return { kind: 'alive' };
}
