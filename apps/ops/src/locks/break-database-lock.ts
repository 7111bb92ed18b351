import { type BreakResult, breakLock, Disposal, openSqlite } from '@tb/locks';
import type { Layout } from '@tb/schema';
import { assertInitialised } from '../assert-initialised.ts';
import { exists } from '../health/databases.ts';
import { lockFolderOf, lockFoldersOf } from './lock-folders.ts';

export interface BreakDatabaseLockOptions {
  /** Kill the recorded holder, after its pid, start time and boot were compared. */
  readonly kill?: boolean | undefined;
  /** The operator states that the holder on another machine is dead. */
  readonly foreign?: boolean | undefined;
}

/**
 * Frees the place of a writer that is gone, and fences it: the epoch in the database grows, so that a holder which turns
 * out to be alive cannot commit. A second call finds the place free.
 *
 * @throws `ROOT_NOT_INITIALISED`, `BAD_OPTION`; `LOCK_HELD` for a live holder without `kill`; `LOCK_FOREIGN`,
 *   `GUARD_LOST`, `PID_MISMATCH`, and what opening the database throws.
 */
export async function breakDatabaseLock(
  layout: Layout,
  name: string,
  options: BreakDatabaseLockOptions = {},
): Promise<BreakResult & { readonly database: string; readonly dir: string }> {
  await assertInitialised(layout);
  const { database, dir, fencePath } = lockFolderOf(await lockFoldersOf(layout), name);
  await using held = new Disposal();
  const fence = (await exists(fencePath)) ? openSqlite(fencePath) : undefined;
  if (fence) held.defer(() => void fence.close());
  return { database, dir, ...(await breakLock(dir, { ...options, fence })) };
}
