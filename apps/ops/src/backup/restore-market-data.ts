import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isLockError, openSqlite, translateSqliteError, WriterLock } from '@tb/locks';
import { createFolder, hashFile, type Layout } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { copyDurably, makeFolder, syncFolder, takeName } from '../files/durable.ts';
import { type BackedUpFile, backupFolderOf, type FoundBackup } from './backup-entry.ts';
import type { RestoreOptions, RestoreResult, RestoreTools } from './restore-options.ts';
import { copyChecked, raiseEpoch, swapIn } from './swap-in.ts';

/**
 * Puts back every published file of a backup that is missing or damaged, and the manifest when the one in place is gone,
 * damaged, or does not list them. No published file is ever removed; a damaged one goes to quarantine. A calendar is put back
 * only where there is none: one that is there may be newer.
 * @throws `BACKUP_CORRUPT`, `LOCK_HELD`
 */
export async function restoreMarketData(
  backup: FoundBackup,
  options: RestoreOptions,
  tools: RestoreTools,
): Promise<RestoreResult> {
  const { layout } = tools;
  const damaged = await wrongFiles(backup.files ?? [], layout);
  const absent = (backup.calendars ?? []).filter((file) => !existsSync(layout.absolute(file.path)));
  const isListed = manifestLists(layout.manifest, backup.files ?? []);
  const plan: RestoreResult = {
    status: 'planned',
    database: 'market-data',
    backup,
    restoredTo: layout.manifest,
    replacedKeptAt: undefined,
    files: [...damaged, ...absent].map((file) => layout.absolute(file.path)),
  };
  if (options.dryRun === true) return plan;
  await makeFolder(layout.marketData);
  await using lock = await WriterLock.acquire(layout.marketData, {
    purpose: 'restore',
    waitMs: tools.waitMs,
    signal: tools.signal,
  });
  tools.onStep?.('locked');
  await discardCopies(layout);
  for (const file of damaged) await putBack(file, 0o444, tools);
  for (const file of absent) await putBack(file, 0o644, tools);
  let replacedKeptAt: string | undefined;
  if (!isListed) {
    const temporary = join(layout.marketData, '.restore-manifest.db');
    for (const suffix of ['', '-wal', '-shm', '-journal'])
      await rm(`${temporary}${suffix}`, { force: true });
    await copyChecked(backup, temporary, tools);
    raiseEpoch(temporary, lock);
    replacedKeptAt = await swapIn(temporary, layout.manifest, tools);
  }
  return { ...plan, status: 'restored', replacedKeptAt };
}

/** Files of the backup whose bytes in the root are not those. */
async function wrongFiles(
  files: readonly BackedUpFile[],
  layout: Layout,
): Promise<readonly BackedUpFile[]> {
  const wrong: BackedUpFile[] = [];
  for (const file of files) {
    const path = layout.absolute(file.path);
    const sizeBytes = await stat(path).then(
      (stats) => stats.size,
      (error: NodeJS.ErrnoException) =>
        error.code === 'ENOENT' ? undefined : Promise.reject(error),
    );
    if (sizeBytes !== file.sizeBytes || (await hashFile(path)).sha256 !== file.sha256)
      wrong.push(file);
  }
  return wrong;
}

/** Whether the manifest in place knows every file of the backup, in any revision it had: then it is the newer one. */
function manifestLists(path: string, files: readonly BackedUpFile[]): boolean {
  try {
    const db = openSqlite(path, { readonly: true });
    try {
      if (db.prepare('PRAGMA quick_check(1)').pluck().get() !== 'ok') return false;
      const listed = new Set(
        db.prepare('SELECT path || char(10) || sha256 FROM files').pluck().all() as string[],
      );
      return files.every((file) => listed.has(`${file.path}\n${file.sha256}`));
    } finally {
      db.close();
    }
  } catch (error) {
    const translated = translateSqliteError(error, path);
    // Missing, damaged or no manifest: the copy of the backup takes its place. Not for a disk that failed, or a busy one.
    if (isLockError(translated, 'SQLITE_MISSING') || isLockError(translated, 'SQLITE_UNREADABLE'))
      return false;
    if ((error as { code?: unknown }).code === 'SQLITE_ERROR') return false;
    throw translated;
  }
}

const COPY = '.tmp-restore';

/**
 * Copies that a killed restore did not give their names. Anywhere: the file may stand under its name already, and this
 * restore have nothing to do in its folder. The lock of market_data is held, so no other restore runs.
 */
async function discardCopies({ marketData, calendars }: Layout): Promise<void> {
  for (const folder of [marketData, calendars].filter((each) => existsSync(each)))
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
      if (entry.isFile() && entry.name.startsWith(COPY))
        await rm(join(entry.parentPath, entry.name), { force: true });
}

async function putBack(
  file: BackedUpFile,
  mode: number,
  { layout, onStep }: RestoreTools,
): Promise<void> {
  const source = join(layout.backups, backupFolderOf('market-data'), 'files', file.sha256);
  const target = layout.absolute(file.path);
  await makeFolder(dirname(target));
  const temporary = join(dirname(target), COPY);
  const { sha256 } = await copyDurably(source, temporary, mode).catch(
    (cause: NodeJS.ErrnoException) =>
      Promise.reject(
        cause.code === 'ENOENT'
          ? new OpsError('BACKUP_CORRUPT', `The backup has no bytes for ${file.path}`, { cause })
          : cause,
      ),
  );
  if (sha256 !== file.sha256) {
    await rm(temporary, { force: true });
    throw new OpsError(
      'BACKUP_CORRUPT',
      `The backup of ${file.path} has sha256 ${sha256.slice(0, 16)}, its manifest says ${file.sha256.slice(0, 16)}`,
    );
  }
  onStep?.('copied');
  await quarantine(file.path, layout);
  onStep?.('kept');
  await takeName(temporary, target);
}

/** What stood there is kept: it may be somebody's only copy of something. */
async function quarantine(path: string, layout: Layout): Promise<void> {
  await createFolder(layout.quarantine);
  // Files of several kinds have one name, that of their date.
  const name = `${path.replaceAll('/', '_')}.damaged-${Date.now()}`;
  try {
    await rename(layout.absolute(path), join(layout.quarantine, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  syncFolder(layout.quarantine);
}
