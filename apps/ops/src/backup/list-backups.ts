import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import {
  BACKUP_DATABASES,
  type BackupDatabase,
  backupFolderOf,
  type FoundBackup,
} from './backup-entry.ts';
import { parseManifest } from './manifest-text.ts';

export const MANIFEST = 'manifest.json';

/** All whole backups of a database, oldest first. A folder without a manifest is what a crash left, and no backup. */
export async function listBackups(
  layout: Layout,
  database: BackupDatabase,
): Promise<readonly FoundBackup[]> {
  const root = join(layout.backups, backupFolderOf(database));
  const found: FoundBackup[] = [];
  for (const date of await namesIn(root)) {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) continue;
    for (const id of await namesIn(join(root, date))) {
      const entry = await readEntry(join(root, date, id), database);
      if (entry) found.push(entry);
    }
  }
  return found.sort((a, b) =>
    a.takenAt < b.takenAt ? -1 : a.takenAt > b.takenAt ? 1 : a.id < b.id ? -1 : 1,
  );
}

/** Of every database, oldest first within each. */
export async function listAllBackups(layout: Layout): Promise<readonly FoundBackup[]> {
  const found: FoundBackup[] = [];
  for (const database of BACKUP_DATABASES) found.push(...(await listBackups(layout, database)));
  return found;
}

/** @throws `BACKUP_CORRUPT` for a manifest that is not readable as one, was changed, or belongs to another backup. */
async function readEntry(
  folder: string,
  database: BackupDatabase,
): Promise<FoundBackup | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, MANIFEST), 'utf8');
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ENOTDIR'
    )
      return undefined;
    throw error;
  }
  const entry = parseManifest(text);
  if (entry?.id !== basename(folder) || entry.database !== database)
    throw new OpsError(
      'BACKUP_CORRUPT',
      `${join(folder, MANIFEST)} is not the manifest of this backup`,
    );
  return { ...entry, folder, path: join(folder, entry.file) };
}

/** Names in a folder, ascending; none when it is not there. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
