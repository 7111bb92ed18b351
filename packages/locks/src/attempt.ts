import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { threadId } from 'node:worker_threads';
import type { Acquisition, Refusal } from './acquisition.ts';
import { Disposal } from './disposal.ts';
import { errnoOf } from './errno.ts';
import { LockError } from './errors.ts';
import { FencedWriter, issueEpoch } from './fence.ts';
import { startHeartbeat } from './heartbeat.ts';
import { HeldLock } from './held-lock.ts';
import { fileIdentity, GUARD, type OsGuard, sqliteGuard } from './os-guard.ts';
import type { Ownership } from './ownership.ts';
import { isLockLeftover, readRecord, type WriterRecord, writeRecord } from './record.ts';
import { isTaken, type Slot, takeSlot } from './registry.ts';
import { settle } from './settle.ts';
import { isHeldByThisProcess } from './this-process.ts';
import { startWorkerHeartbeat } from './worker-heartbeat.ts';

/** One try, in the order of docs/locks.md; whatever fails undoes all that went before. */
export async function attempt(acquisition: Acquisition): Promise<HeldLock | Refusal> {
  const { dir, options, machine, notify } = acquisition;
  if (isTaken(dir) || isHeldByThisProcess(dir, machine.self())) return { reason: 'this-process' };
  const slot = takeSlot(dir);
  await using undo = new Disposal();
  undo.defer(() => slot.free());
  const guard = (options.guard ?? sqliteGuard)();
  undo.defer(() => guard.close());
  if (!guard.tryAcquire(join(dir, GUARD))) return { reason: 'os-lock' };
  notify({ type: 'step', step: 'guard-taken' });

  const refusal = await settle(acquisition);
  if (refusal !== undefined) return refusal;
  removeLeftovers(dir);
  notify({ type: 'step', step: 'judged' });

  const record = issueRecord(acquisition);
  if (record === undefined) return { reason: 'in-transaction' };
  notify({ type: 'step', step: 'epoch-issued' });

  const ownership = ownershipOf(dir, record, guard);
  const lock = hold(acquisition, record, ownership, guard, slot);
  undo.move(); // guard and slot are the lock's from here on
  undo.defer(() => lock.release());
  writeRecord(dir, record);
  notify({ type: 'step', step: 'record-written' });

  const otherTool = await beat(acquisition, lock, ownership);
  if (otherTool !== undefined) return otherTool;
  undo.move();
  notify({ type: 'step', step: 'directory-made' });
  return lock;
}

function removeLeftovers(dir: string): void {
  for (const name of readdirSync(dir))
    if (isLockLeftover(name)) rmSync(join(dir, name), { force: true });
}

/** With the next epoch, issued in the database where there is one; undefined: a write transaction is open there. */
function issueRecord({ dir, options, machine }: Acquisition): WriterRecord | undefined {
  const before = readRecord(dir);
  const recordEpoch = before === undefined || before === 'damaged' ? 0 : before.epoch;
  const token = randomUUID();
  const epoch =
    options.fence === undefined ? recordEpoch + 1 : issueEpoch(options.fence, recordEpoch, token);
  if (epoch === undefined) return undefined;
  return {
    ...machine.self(),
    threadId,
    token,
    epoch,
    state: 'held',
    acquiredAt: new Date(machine.nowMs()).toISOString(),
    releasedAt: null,
    purpose: options.purpose,
    script: basename(process.argv[1] ?? ''),
  };
}

function ownershipOf(dir: string, record: WriterRecord, guard: OsGuard): Ownership {
  const guardIdentity = fileIdentity(join(dir, GUARD));
  if (guardIdentity === undefined || !guard.intact())
    throw new LockError('GUARD_LOST', `${join(dir, GUARD)} was replaced while it was being locked`);
  return { dir, token: record.token, guardIdentity };
}

function hold(
  { options, notify }: Acquisition,
  record: WriterRecord,
  ownership: Ownership,
  guard: OsGuard,
  slot: Slot,
): HeldLock {
  const writer = options.fence === undefined ? undefined : new FencedWriter(options.fence, record);
  return new HeldLock({ record, ownership, guard, slot, writer, notify });
}

/** Makes the heartbeat directory; a refusal when a tool that does not know the guard was faster. */
async function beat(
  { options, notify }: Acquisition,
  lock: HeldLock,
  ownership: Ownership,
): Promise<Refusal | undefined> {
  const start = options.heartbeat === 'worker' ? startWorkerHeartbeat : startHeartbeat;
  try {
    const heartbeat = await start(ownership, {
      restored: (cause) => notify({ type: 'heartbeat-restored', cause }),
      failed: (cause) => notify({ type: 'heartbeat-failed', cause }),
      lost: (cause) => void lock.lose(cause),
    });
    lock.beatWith(heartbeat);
    return undefined;
  } catch (cause) {
    if (errnoOf(cause) !== 'ELOCKED') throw cause;
    return { reason: 'other-tool', cause };
  }
}
