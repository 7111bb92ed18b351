import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Layout } from '@tb/schema';
import { syncFolder } from '../files/durable.ts';
import {
  type BackupDatabase,
  backupFolderOf,
  type FoundBackup,
  storedFilesOf,
} from './backup-entry.ts';
import { listBackups, MANIFEST, namesIn } from './list-backups.ts';
import { readProofs } from './proofs.ts';
import { prunable, retentionOf } from './retention.ts';

/**
 * Removes backups whose time is over; the manifest first, so that a crash leaves no half backup that counts. Stored day
 * files go when no backup of market data lists them any more.
 * @returns What was removed, or, in a dry run, would be.
 */
export async function pruneBackups(
  layout: Layout,
  database: BackupDatabase,
  now: Date,
  dryRun = false,
): Promise<readonly FoundBackup[]> {
  const proven = new Set((await readProofs(layout)).map((proof) => proof.id));
  const backups = await listBackups(layout, database);
  const old = prunable(backups, proven, retentionOf(database), now);
  if (dryRun || old.length === 0) return old;
  for (const backup of old) {
    await rm(join(backup.folder, MANIFEST));
    syncFolder(backup.folder);
    await rm(backup.folder, { recursive: true });
    syncFolder(dirname(backup.folder));
  }
  if (database === 'market-data')
    await removeUnlisted(
      layout,
      backups.filter((backup) => !old.includes(backup)),
    );
  return old;
}

async function removeUnlisted(layout: Layout, kept: readonly FoundBackup[]): Promise<void> {
  const listed = new Set(
    kept.flatMap((backup) => storedFilesOf(backup).map((file) => file.sha256)),
  );
  const store = join(layout.backups, backupFolderOf('market-data'), 'files');
  for (const name of await namesIn(store))
    if (!listed.has(name)) await rm(join(store, name), { force: true });
}
