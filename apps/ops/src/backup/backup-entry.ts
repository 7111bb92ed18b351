import type { MigratedDatabase, StoreName } from '@tb/schema';

/** What can be backed up by name. */
export type BackupDatabase = StoreName | 'market-data';

export const BACKUP_DATABASES: readonly BackupDatabase[] = [
  'trading',
  'signals',
  'config',
  'index',
  'market-data',
];

/** One published file of a market-data backup; its bytes lie once in the store, under their sha256. */
export interface BackedUpFile {
  /** Relative to the data root. */
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** `manifest.json` beside a copy. It is written last: a folder without one is no backup. */
export interface BackupEntry {
  readonly id: string;
  readonly database: BackupDatabase;
  /** ISO 8601 UTC: when the snapshot began. Every transaction committed before it is in. */
  readonly takenAt: string;
  /** Name of the copy in the same folder. */
  readonly file: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** By table; for market-data also of the listed files. */
  readonly rows: Readonly<Record<string, number>>;
  readonly schemaVersion: string;
  readonly migration: number;
  /** The fencing number inside the copy. */
  readonly epoch: number;
  readonly sqliteVersion: string;
  readonly toolVersion: string;
  /** For market-data: the published files, in the store `files/`. */
  readonly files?: readonly BackedUpFile[];
  /** For market-data: the calendars that users added, in the same store. */
  readonly calendars?: readonly BackedUpFile[];
}

/** A backup with its place. */
export interface FoundBackup extends BackupEntry {
  /** Absolute path of its folder. */
  readonly folder: string;
  /** Absolute path of the copy. */
  readonly path: string;
}

/** Everything of a backup whose bytes lie in the store `files/`. */
export function storedFilesOf(backup: BackupEntry): readonly BackedUpFile[] {
  return [...(backup.files ?? []), ...(backup.calendars ?? [])];
}

/** Folder name below `backups/`. */
export function backupFolderOf(database: BackupDatabase): string {
  return database === 'market-data' ? 'market_data' : database;
}

/** The migrations of the SQLite file of a backup. */
export function migratedOf(database: BackupDatabase): MigratedDatabase {
  return database === 'market-data' ? 'manifest' : database;
}
