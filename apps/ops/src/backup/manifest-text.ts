import { createHash } from 'node:crypto';
import { BACKUP_DATABASES, type BackupDatabase, type BackupEntry } from './backup-entry.ts';

function sealOf(entry: unknown): string {
  return createHash('sha256').update(JSON.stringify(entry)).digest('hex');
}

/**
 * The text of a `manifest.json`: the entry, and a sha256 of it. Without that a changed time, epoch or count would be
 * believed: by the retention rule, which removes backups by their times, before anybody else.
 */
export function manifestText(entry: BackupEntry): string {
  return `${JSON.stringify({ ...entry, seal: sealOf(entry) }, undefined, 2)}\n`;
}

/** The entry of such a text; undefined for any other text, and for one that was changed. */
export function parseManifest(text: string): BackupEntry | undefined {
  try {
    const { seal, ...entry } = JSON.parse(text) as Partial<BackupEntry> & { seal?: unknown };
    const isWhole =
      typeof entry.id === 'string' &&
      BACKUP_DATABASES.includes(entry.database as BackupDatabase) &&
      /^[\w.-]+$/.test(entry.file ?? '') &&
      seal === sealOf(entry);
    return isWhole ? (entry as BackupEntry) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined; // no JSON, or no object: told by the caller
    throw error;
  }
}
