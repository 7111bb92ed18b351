import { link, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isLockError, openSqlite, translateSqliteError } from '@tb/locks';
import { OpsError } from '../errors.ts';
import { copyDurably, syncFolder } from '../files/durable.ts';
import type { FoundBackup } from './backup-entry.ts';
import { checkCopy } from './check-copy.ts';
import type { RestoreTools } from './restore-options.ts';

/** How long readers may take to let go of the write-ahead log. */
const DRAIN_MS = 5000;

/** Copies a backup as a working database (WAL) and reads it whole: what is put in place was seen to be right. */
export async function copyChecked(
  backup: FoundBackup,
  temporary: string,
  tools: RestoreTools,
): Promise<void> {
  const { sha256 } = await copyDurably(backup.path, temporary, 0o644);
  tools.onStep?.('copied');
  const facts = sha256 === backup.sha256 ? checkCopy(temporary, backup.database) : undefined;
  const differing =
    facts && Object.keys(backup.rows).find((table) => facts.rows[table] !== backup.rows[table]);
  if (facts && differing === undefined) {
    tools.onStep?.('checked');
    return;
  }
  await rm(temporary, { force: true });
  throw new OpsError(
    'BACKUP_CORRUPT',
    facts
      ? `Backup ${backup.id} has ${facts.rows[differing ?? '']} rows in ${differing}, its manifest says ${backup.rows[differing ?? '']}`
      : `Backup ${backup.id} reads differently each time`,
  );
}

/** A writer that was deposed by this restore finds a newer epoch, whatever epoch the backup was taken at. */
export function raiseEpoch(
  path: string,
  lock: { readonly epoch: number; readonly token: string },
): void {
  const db = openSqlite(path);
  try {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.prepare('UPDATE writer_fence SET epoch = max(epoch, ?), token = ? WHERE id = 1').run(
      lock.epoch,
      lock.token,
    );
    db.pragma('wal_checkpoint(TRUNCATE)');
  } catch (error) {
    throw translateSqliteError(error, path);
  } finally {
    db.close();
  }
}

/**
 * Under the writer's lock: the write-ahead log of the old database is emptied, the old file gets a second name, and the new
 * one takes its place by rename. @returns Where the old one is kept.
 */
export async function swapIn(
  temporary: string,
  target: string,
  tools: RestoreTools,
): Promise<string | undefined> {
  const stamp = (tools.now?.() ?? new Date()).toISOString().replace(/[-:.]/g, '');
  const kept = `${target}.replaced-${stamp}`;
  const isThere = await stat(target).then(
    () => true,
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? false : Promise.reject(error)),
  );
  const isDrained = isThere && drain(target);
  tools.onStep?.('drained');
  if (isThere) await link(target, kept);
  // A log that could not be emptied belongs to a damaged database: it is kept beside it, and must not meet the new one.
  for (const suffix of ['-wal', '-shm'])
    await moveAside(`${target}${suffix}`, isThere && !isDrained ? `${kept}${suffix}` : undefined);
  syncFolder(dirname(target));
  tools.onStep?.('kept');
  await rename(temporary, target);
  tools.onStep?.('swapped');
  syncFolder(dirname(target));
  tools.onStep?.('synced');
  return isThere ? kept : undefined;
}

/** @returns false when the database is damaged. @throws `LOCK_HELD`-like `STORE_IN_USE` when readers hold the log. */
function drain(path: string): boolean {
  try {
    const db = openSqlite(path, { mustExist: true, timeoutMs: DRAIN_MS });
    try {
      const [result] = db.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all() as { busy: number }[];
      if (result?.busy)
        throw new OpsError(
          'STORE_IN_USE',
          `Readers of ${path} have held its write-ahead log for ${DRAIN_MS} ms`,
          { retryable: true },
        );
      return true;
    } finally {
      db.close();
    }
  } catch (error) {
    if (
      isLockError(error, 'SQLITE_UNREADABLE') ||
      /malformed|not a database|corrupt/i.test((error as Error).message)
    )
      return false;
    throw translateSqliteError(error, path);
  }
}

async function moveAside(path: string, kept: string | undefined): Promise<void> {
  try {
    await (kept === undefined ? rm(path) : rename(path, kept));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
