import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { filesOf } from '../litter.ts';
import { sha256 } from '../oracle/store-digest.ts';
import { dataRoot } from './tb.ts';

/** One backup, as its manifest describes it. */
export interface BackupFolder {
  readonly id: string;
  readonly database: string;
  /** The copied database, absolute. */
  readonly file: string;
  readonly sha256: string;
}

/** Every backup that has a manifest: those that a restore would use. Oldest first. */
export function backupFolders(root: string): BackupFolder[] {
  const backups = join(dataRoot(root), 'backups');
  if (!existsSync(backups)) return [];
  return filesOf(backups)
    .filter((path) => path.endsWith('/manifest.json') && !path.includes('/.'))
    .map((path) => {
      const folder = dirname(join(backups, path));
      const manifest = JSON.parse(readFileSync(join(backups, path), 'utf8')) as Record<
        string,
        string
      >;
      const name = filesOf(folder).find((file) => file.endsWith('.db')) ?? 'missing.db';
      return {
        id: String(manifest['id']),
        database: String(manifest['database']),
        file: join(folder, name),
        sha256: String(manifest['sha256']),
      };
    });
}

/** A backup that has a manifest is whole. */
export function backupProblems(root: string): string[] {
  return backupFolders(root).flatMap(({ id, file, sha256: expected }) => {
    if (!existsSync(file)) return [`backup ${id} has no file`];
    return sha256(readFileSync(file)) === expected
      ? []
      : [`the file of backup ${id} is not the one of its manifest`];
  });
}
