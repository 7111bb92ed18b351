import { inspectLock, type LockInspection } from '@tb/locks';
import type { Layout } from '@tb/schema';
import { assertInitialised } from '../assert-initialised.ts';
import { lockFolderOf, lockFoldersOf } from './lock-folders.ts';

/** A lock with the name of its database. */
export interface InspectedLock extends LockInspection {
  readonly database: string;
}

/**
 * Who holds which writer lock, since when, alive or not. Takes none and changes nothing.
 * @param name Of one database; default all.
 * @throws `ROOT_NOT_INITIALISED`, `BAD_OPTION`, `DIRECTORY_MISSING`, `GUARD_CORRUPT`
 */
export async function inspectLocks(
  layout: Layout,
  name?: string,
): Promise<readonly InspectedLock[]> {
  await assertInitialised(layout);
  const all = await lockFoldersOf(layout);
  const folders = name === undefined ? all : [lockFolderOf(all, name)];
  const seen: InspectedLock[] = [];
  for (const { database, dir } of folders) seen.push({ database, ...(await inspectLock(dir)) });
  return seen;
}
