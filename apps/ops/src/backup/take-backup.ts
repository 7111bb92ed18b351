import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openSqlite, translateSqliteError, WriterLock } from '@tb/locks';
import { assertMigrated, SCHEMA_VERSION, sealFile } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { makeFolder, takeName, writeNewFile } from '../files/durable.ts';
import {
  type BackupDatabase,
  type BackupEntry,
  backupFolderOf,
  type FoundBackup,
  migratedOf,
} from './backup-entry.ts';
import type { BackupTools } from './backup-tools.ts';
import { checkCopy } from './check-copy.ts';
import { MANIFEST, namesIn } from './list-backups.ts';
import { manifestText } from './manifest-text.ts';
import { storeFiles } from './store-files.ts';

/** More than any database has: the copy is made in one step, so that no write of the owner makes it start again. */
const ALL_PAGES = 2 ** 31 - 1;
const _READ_ONLY = 0o444;

/**
 * Backs databases up while their owners commit. Each copy is one moment of its database: everything committed before it
 * began, nothing half. It is checked whole before it counts, and its manifest is written last.
 *
 * @throws `LOCK_HELD` when another backup runs; `BACKUP_CORRUPT` when the source is damaged; `NO_SPACE`.
 */
export async function takeBackups(
  databases: readonly BackupDatabase[],
  tools: BackupTools,
): Promise<readonly FoundBackup[]> {
  await makeFolder(tools.layout.backups);
  await using lock = await WriterLock.acquire(tools.layout.backups, {
    purpose: 'backup',
    waitMs: tools.waitMs,
    signal: tools.signal,
  });
  const taken: FoundBackup[] = [];
  for (const database of databases) {
    if (tools.signal.aborted)
      throw new OpsError(
        'INTERRUPTED',
        `Stopped before ${database}; ${taken.length} databases were backed up`,
      );
    lock.assertHeld();
    taken.push(await takeBackup(database, tools));
  }
  return taken;
}

async function takeBackup(database: BackupDatabase, tools: BackupTools): Promise<FoundBackup> {
  const { layout } = tools;
  const takenAt = (tools.now?.() ?? new Date()).toISOString();
  const id = `${database}-${takenAt.replace(/[-:.]/g, '')}`;
  const parent = join(layout.backups, backupFolderOf(database));
  await removeHalfMade(parent);
  const folder = join(parent, takenAt.slice(0, 10), id);
  await makeFolder(folder);
  const file = database === 'market-data' ? 'manifest.db' : `${database}.db`;
  const path = join(folder, file);
  const temporary = `${path}.tmp`;
  await copyDatabase(
    database === 'market-data' ? layout.manifest : layout.storeDb(database),
    temporary,
    database,
  );
  tools.onStep?.('copied');
  const facts = checkCopy(temporary, database);
  tools.onStep?.('checked');
  const { sha256, sizeBytes } = await sealFile(temporary, (step) => {
    if (step !== 'protected') tools.onStep?.(step);
  });
  await takeName(temporary, path);
  tools.onStep?.('named');
  const stored = database === 'market-data' ? await storeFiles(path, parent, tools) : undefined;
  const entry: BackupEntry = {
    ...{ id, database, takenAt, file, sha256, sizeBytes, ...facts },
    schemaVersion: SCHEMA_VERSION,
    toolVersion: toolVersion(),
    ...stored,
  };
  await writeNewFile(join(folder, MANIFEST), manifestText(entry));
  tools.onStep?.('manifest written');
  return { ...entry, folder, path };
}

/** One consistent copy, as one file without a WAL. */
async function copyDatabase(
  source: string,
  target: string,
  database: BackupDatabase,
): Promise<void> {
  const db = openSqlite(source, { readonly: true });
  try {
    assertMigrated(db, migratedOf(database));
    await db.backup(target, { progress: () => ALL_PAGES });
  } catch (error) {
    throw translateSqliteError(error, target);
  } finally {
    db.close();
  }
  const copy = openSqlite(target);
  try {
    copy.pragma('journal_mode = DELETE');
  } catch (error) {
    throw translateSqliteError(error, target);
  } finally {
    copy.close();
  }
}

/** Folders without a manifest are what a crash left. */
async function removeHalfMade(parent: string): Promise<void> {
  for (const date of await namesIn(parent)) {
    if (date === 'files') continue;
    for (const id of await namesIn(join(parent, date))) {
      const folder = join(parent, date, id);
      if (!(await namesIn(folder)).includes(MANIFEST))
        await rm(folder, { recursive: true, force: true });
    }
  }
}

function toolVersion(): string {
  return (
    JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    }
  ).version;
}
