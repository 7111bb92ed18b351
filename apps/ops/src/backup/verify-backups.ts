import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile, type Layout } from '@tb/schema';
import { backupFolderOf, type FoundBackup, storedFilesOf } from './backup-entry.ts';
import { MANIFEST, namesIn } from './list-backups.ts';

/** Something about a backup that is not as its manifest says. */
export interface BackupProblem {
  readonly id: string;
  readonly path: string;
  readonly problem: 'missing' | 'changed' | 'extra';
}

/** Hashes every byte of the given backups again, and names files that are missing, changed, or belong to none. */
export async function verifyBackups(
  layout: Layout,
  backups: readonly FoundBackup[],
): Promise<readonly BackupProblem[]> {
  const problems: BackupProblem[] = [];
  const store = join(layout.backups, backupFolderOf('market-data'), 'files');
  const checked = new Map<string, BackupProblem['problem'] | undefined>();
  for (const backup of backups) {
    const verdict = await verdictOf(backup.path, backup.sha256, backup.sizeBytes);
    if (verdict) problems.push({ id: backup.id, path: backup.path, problem: verdict });
    for (const name of await namesIn(backup.folder))
      if (name !== backup.file && name !== MANIFEST)
        problems.push({ id: backup.id, path: join(backup.folder, name), problem: 'extra' });
    for (const file of storedFilesOf(backup)) {
      const path = join(store, file.sha256);
      if (!checked.has(file.sha256))
        checked.set(file.sha256, await verdictOf(path, file.sha256, file.sizeBytes));
      const problem = checked.get(file.sha256);
      if (problem) problems.push({ id: backup.id, path, problem });
    }
  }
  const listed = new Set(
    backups.flatMap((backup) => storedFilesOf(backup).map((file) => file.sha256)),
  );
  if (backups.some((backup) => backup.database === 'market-data'))
    for (const name of await namesIn(store))
      if (!listed.has(name)) problems.push({ id: '', path: join(store, name), problem: 'extra' });
  return problems;
}

async function verdictOf(
  path: string,
  sha256: string,
  sizeBytes: number,
): Promise<'missing' | 'changed' | undefined> {
  try {
    if ((await stat(path)).size !== sizeBytes) return 'changed';
    return (await hashFile(path)).sha256 === sha256 ? undefined : 'changed';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
    throw error;
  }
}
