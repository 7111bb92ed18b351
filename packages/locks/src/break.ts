import { acquireOn } from './acquire.ts';
import { LockError } from './errors.ts';
import type { EventListener } from './event.ts';
import { inspectOn } from './inspect.ts';
import { type Machine, thisMachine } from './machine.ts';
import { realDirectory } from './real-directory.ts';
import { readRecord, type WriterRecord } from './record.ts';
import { describeHolder, guardLostError, heldError } from './refusal.ts';
import type { SqliteDatabase } from './sqlite.ts';

export interface BreakOptions {
  /** Kill the recorded holder with SIGKILL, after pid, start time, boot and namespace were compared. */
  readonly kill?: boolean | undefined;
  /** The operator states that a holder on another machine, in another container or of another tool is dead. */
  readonly foreign?: boolean | undefined;
  /** The folder's database: give it, so that a holder that turns out to be alive is fenced at once. */
  readonly fence?: SqliteDatabase | undefined;
  readonly onEvent?: EventListener | undefined;
}

export interface BreakResult {
  /** `already_free`: nothing was done. */
  readonly outcome: 'already_free' | 'reclaimed' | 'killed' | 'foreign_cleared';
  /** The highest epoch issued so far. */
  readonly epoch: number;
  /** Whose place it was. */
  readonly holder: WriterRecord | null;
}

/** After a SIGKILL the kernel needs time to free gigabytes of memory before it frees the lock: 0.25 s for 4 GB. */
const DEATH_MS = 10_000;

/**
 * Frees the place of a writer that is gone. Acquires and releases, so the epoch grows. A live holder is refused unless
 * `kill` is set; a second call finds the place free. Never deletes the guard.
 * @throws `LOCK_HELD`, `GUARD_LOST`, `LOCK_FOREIGN`, `PID_MISMATCH`, and what acquire throws.
 */
export function breakLock(dir: string, options: BreakOptions = {}): Promise<BreakResult> {
  return breakOn(thisMachine(), dir, options);
}

/** @internal On a machine of the caller's making. */
export async function breakOn(
  machine: Machine,
  dir: string,
  options: BreakOptions,
): Promise<BreakResult> {
  const real = realDirectory(dir);
  const { verdict, holder } = await inspectOn(machine, real);
  if (verdict === 'free') return { outcome: 'already_free', epoch: holder?.epoch ?? 0, holder };
  if (verdict === 'held-by-this-process') throw heldError(real, machine, 'this-process');
  const live = verdict === 'held' || verdict === 'held-stopped' || verdict === 'anomaly-guard-lost';
  if (live && options.kill !== true) {
    if (verdict === 'anomaly-guard-lost') throw guardLostError(real, machine, holder ?? undefined);
    throw heldError(real, machine, 'os-lock');
  }
  if (live) killHolder(real, machine);
  const foreignIsDead = verdict === 'held-elsewhere' && options.foreign === true;
  const epoch = await takeAndRelease(machine, real, options, foreignIsDead);
  const outcome = live ? 'killed' : foreignIsDead ? 'foreign_cleared' : 'reclaimed';
  return { outcome, epoch, holder };
}

async function takeAndRelease(
  machine: Machine,
  dir: string,
  options: BreakOptions,
  foreignIsDead: boolean,
): Promise<number> {
  const lock = await acquireOn(
    machine,
    dir,
    {
      purpose: 'break',
      fence: options.fence,
      waitMs: DEATH_MS,
      networkFs: 'allow', // whoever holds it opted in
      onEvent: options.onEvent,
    },
    foreignIsDead,
  );
  await lock.release();
  return lock.epoch;
}

/** The pid may belong to somebody else by now: only a process that is the recorded one in all respects is killed. */
function killHolder(dir: string, machine: Machine): void {
  const record = readRecord(dir);
  if (record === undefined || record === 'damaged')
    throw new LockError('PID_MISMATCH', `No readable record in ${dir} names the holder`);
  const self = machine.self();
  const look = machine.process(record.pid);
  const same =
    record.bootId !== null &&
    record.bootId === self.bootId &&
    record.pidNs !== null &&
    record.pidNs === self.pidNs &&
    record.startTime !== null &&
    record.startTime === look.startTime;
  if (!same)
    throw new LockError(
      'PID_MISMATCH',
      `Process ${record.pid} is not the recorded holder ${describeHolder(record)} of ${dir}`,
      { holder: record },
    );
  try {
    process.kill(record.pid, 'SIGKILL');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ESRCH') return; // it was quicker
    throw new LockError('LOCK_HELD', `${dir} is held by ${describeHolder(record)}: ${code}`, {
      reason: 'os-lock',
      holder: record,
      hint: 'Run as the user of that process, or as root.',
      cause,
    });
  }
}
