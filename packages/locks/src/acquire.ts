import { dirname, resolve } from 'node:path';
import type { AcquireOptions } from './acquire-options.ts';
import type { Acquisition } from './acquisition.ts';
import { attempt } from './attempt.ts';
import { LockError } from './errors.ts';
import { notifier } from './event.ts';
import { fileError } from './file-error.ts';
import { HeldLock } from './held-lock.ts';
import type { Lock } from './lock.ts';
import { type Machine, thisMachine } from './machine.ts';
import { realDirectory } from './real-directory.ts';
import { heldError } from './refusal.ts';

/** Inspections take the guard for some microseconds: a refusal counts only after this. */
const GRACE_MS = 50;
const POLL_FROM_MS = 2;
const POLL_TO_MS = 10;

/**
 * Makes this process the one writer of a database folder: see `WriterLock`.
 * @throws `LOCK_HELD`, `GUARD_LOST`, `LOCK_FOREIGN`, `NETWORK_FS`, `DIRECTORY_MISSING`, `GUARD_READONLY`,
 *   `GUARD_CORRUPT`, `LOCK_ABORTED`, `NO_SPACE`, `RECORD_UNWRITABLE`, `SQLITE_UNREADABLE`, `SQLITE_IO`,
 *   `NATIVE_MODULE_MISSING`, `NATIVE_MODULE_UNSAFE`; TypeError and RangeError for wrong options.
 */
export function acquireLock(dir: string, options: AcquireOptions): Promise<Lock> {
  return acquireOn(thisMachine(), dir, options);
}

/**
 * @internal The same on a machine of the caller's making: tests give recorded identities and clocks.
 * @param foreignIsDead The operator states that a holder elsewhere is dead.
 */
export async function acquireOn(
  machine: Machine,
  dir: string,
  options: AcquireOptions,
  foreignIsDead = false,
): Promise<Lock> {
  const real = realDirectory(dir);
  checkOptions(real, options);
  const fsKind = options.networkFs === 'allow' ? undefined : machine.networkFs(real);
  if (fsKind !== undefined)
    throw new LockError(
      'NETWORK_FS',
      `${real} lies on ${fsKind}, whose locks may not exclude other machines`,
    );
  const notify = notifier(options.onEvent);
  try {
    return await poll({ dir: real, options, machine, notify, foreignIsDead });
  } catch (error) {
    if (options.signal?.aborted && (error as Error).name === 'AbortError')
      throw new LockError('LOCK_ABORTED', `Waiting for the writer lock of ${real} was aborted`, {
        cause: options.signal.reason,
      });
    throw fileError(error, real);
  }
}

function checkOptions(dir: string, { fence, purpose, waitMs = 0 }: AcquireOptions): void {
  if (typeof purpose !== 'string' || purpose === '')
    throw new TypeError('The purpose of a writer is empty');
  if (!(waitMs >= 0)) throw new RangeError(`waitMs is ${waitMs}, expected 0 or more`);
  if (fence === undefined) return;
  if (fence.inTransaction) throw new TypeError('The fence connection is inside a transaction');
  const folder = dirname(resolve(fence.name));
  if (fence.name === ':memory:' || (folder !== dir && realDirectory(folder) !== dir))
    throw new TypeError(`The fence database ${fence.name} does not lie in ${dir}`);
}

async function poll(acquisition: Acquisition): Promise<HeldLock> {
  const { dir, machine, options, notify } = acquisition;
  const { signal, waitMs = 0 } = options;
  const start = machine.monotonicMs();
  let pauseMs = POLL_FROM_MS;
  let told = false;
  for (;;) {
    if (signal?.aborted) throw new DOMException('aborted', 'AbortError');
    const outcome = await attempt(acquisition);
    if (outcome instanceof HeldLock) return outcome;
    const transient = outcome.reason === 'os-lock' || outcome.reason === 'in-transaction';
    const patienceMs = transient ? Math.max(waitMs, GRACE_MS) : waitMs;
    const leftMs = start + patienceMs - machine.monotonicMs();
    if (leftMs <= 0) throw heldError(dir, machine, outcome.reason, outcome.cause);
    if (!told && waitMs > 0) {
      told = true;
      notify({ type: 'waiting', refusal: heldError(dir, machine, outcome.reason, outcome.cause) });
    }
    // Jitter: two that wait must not meet at each try.
    await machine.sleep(Math.min(leftMs, pauseMs * (0.5 + Math.random())), signal);
    pauseMs = Math.min(POLL_TO_MS, pauseMs * 1.5);
  }
}
