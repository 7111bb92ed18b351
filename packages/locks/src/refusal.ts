import { type HeldReason, LockError } from './errors.ts';
import type { Machine } from './machine.ts';
import { type RecordRead, readRecord, type WriterRecord } from './record.ts';

const STATES: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeping',
  D: 'in disk wait',
  T: 'STOPPED',
  t: 'TRACED',
  Z: 'ZOMBIE',
  I: 'idle',
};

/** `pid 23925 on vm (epoch 1, since 2026-02-02T03:45:00.000Z, ingestor)`. */
export function describeHolder(record: WriterRecord): string {
  const { pid, host, epoch, acquiredAt, purpose } = record;
  return `pid ${pid} on ${host} (epoch ${epoch}, since ${acquiredAt}, ${purpose})`;
}

/** `LOCK_HELD`, with as much about the holder as record and kernel tell now. */
export function heldError(
  dir: string,
  machine: Machine,
  reason: HeldReason,
  cause?: unknown,
): LockError {
  const holder = currentHolder(dir, machine);
  const state = holder === undefined ? null : localState(holder, machine);
  const who = holder === undefined ? unknownHolder(reason) : describeHolder(holder);
  const stateText =
    state === null ? '' : `, process state ${state} (${STATES[state] ?? 'unknown'})`;
  const message = `${dir} already has a writer: ${who}${stateText}`;
  return new LockError('LOCK_HELD', message, {
    reason,
    holder,
    cause,
    hint: hintFor(reason, state, holder),
  });
}

function unknownHolder(reason: HeldReason): string {
  return reason === 'other-tool'
    ? '`.writer.lock.lock` is there and no record names its owner'
    : 'a process that has left no record yet';
}

export function guardLostError(dir: string, machine: Machine, record: RecordRead): LockError {
  const holder = record === 'damaged' ? undefined : record;
  const state = holder === undefined ? null : localState(holder, machine);
  const who = holder === undefined ? 'the recorded holder' : describeHolder(holder);
  return new LockError(
    'GUARD_LOST',
    `The OS lock of ${dir} is free, but ${who} is alive, process state ${state ?? 'unknown'}`,
    { holder },
  );
}

export function foreignError(dir: string, record: RecordRead, why: string): LockError {
  const holder = record === 'damaged' ? undefined : record;
  const who = holder === undefined ? 'an unknown holder' : describeHolder(holder);
  return new LockError('LOCK_FOREIGN', `${dir} is held by ${who}: ${why}`, { holder });
}

/** A new holder has the guard before its record stands: then the record still names its dead predecessor. */
function currentHolder(dir: string, machine: Machine): WriterRecord | undefined {
  const record = readRecord(dir);
  if (record === undefined || record === 'damaged' || record.state === 'released') return undefined;
  const local = record.bootId === machine.bootId() && record.pidNs === machine.pidNs();
  if (!local) return record;
  const look = machine.process(record.pid);
  const gone =
    look.exists === 'no' || (look.startTime !== null && look.startTime !== record.startTime);
  return gone ? undefined : record;
}

function localState(record: WriterRecord, machine: Machine): string | null {
  const local = record.bootId === machine.bootId() && record.pidNs === machine.pidNs();
  return local ? machine.process(record.pid).state : null;
}

function hintFor(
  reason: HeldReason,
  state: string | null,
  holder: WriterRecord | undefined,
): string {
  if (reason === 'this-process')
    return 'This process holds the lock: release it first; after a worker that held it was terminated, restart the process.';
  if (reason === 'in-transaction')
    return 'Somebody is inside a write transaction of the database: wait, or stop that process.';
  if (reason === 'other-tool')
    return 'Stop what made `.writer.lock.lock`; its place is free after 12 s of silence.';
  if (reason === 'other-container')
    return 'Stop the other container; its place is free 5 s after its last heartbeat.';
  if (state === 'T' || state === 't')
    return `The holder is stopped: \`kill -CONT ${holder?.pid}\`, or \`tb locks break --kill\`.`;
  return 'Wait, or stop that process.';
}
