import { rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WriterLock } from '@tb/locks';
import { hashFile, type Layout, type StoreName } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { makeFolder, takeName } from '../files/durable.ts';
import type { FoundBackup } from './backup-entry.ts';
import { listBackups } from './list-backups.ts';
import { restoreMarketData } from './restore-market-data.ts';
import type { RestoreOptions, RestoreResult, RestoreTools } from './restore-options.ts';
import { copyChecked, raiseEpoch, swapIn } from './swap-in.ts';

/**
 * Puts a backup in the place of a database: verified first, under the writer's lock, with the replaced database kept. The
 * swap is one rename: a crash leaves the old or the new database, never a mixture, and the same call completes it. The lock
 * files are not touched, and the restored database gets the new epoch: a writer from before stays fenced.
 *
 * @throws `BACKUP_ABSENT`, `BACKUP_CORRUPT`, `LOCK_HELD`, `OUTPUT_EXISTS`
 */
export async function restore(
  options: RestoreOptions,
  tools: RestoreTools,
): Promise<RestoreResult> {
  const backup = await chooseBackup(options, tools.layout);
  await assertIntact(backup);
  tools.onStep?.('verified');
  if (options.to !== undefined) return await restoreBeside(backup, options.to, options, tools);
  if (options.database === 'market-data') return await restoreMarketData(backup, options, tools);
  const restoredTo = tools.layout.storeDb(options.database);
  if (options.dryRun === true)
    return {
      status: 'planned',
      database: options.database,
      backup,
      restoredTo,
      replacedKeptAt: undefined,
      files: [],
    };
  return await restoreStore(backup, options.database, tools);
}

async function chooseBackup(options: RestoreOptions, layout: Layout): Promise<FoundBackup> {
  const backups = await listBackups(layout, options.database);
  const { id, at } = options;
  const found =
    id === undefined
      ? backups.findLast(
          (backup) => Date.parse(backup.takenAt) <= (at?.getTime() ?? Number.POSITIVE_INFINITY),
        )
      : backups.find((backup) => backup.id === id);
  if (found) return found;
  const wanted =
    id === undefined
      ? `taken at or before ${at?.toISOString() ?? 'now'}`
      : `with id ${JSON.stringify(id.slice(0, 80))}`;
  const newest = backups[backups.length - 1];
  throw new OpsError(
    'BACKUP_ABSENT',
    `No backup of ${options.database} ${wanted}; there are ${backups.length}${newest ? `, the newest is ${newest.id}` : ''}`,
  );
}

/** The bytes must be those that were written: a damaged copy replaces nothing. */
async function assertIntact(backup: FoundBackup): Promise<void> {
  let sizeBytes: number;
  try {
    sizeBytes = (await stat(backup.path)).size;
  } catch (cause) {
    throw new OpsError('BACKUP_CORRUPT', `Backup ${backup.id} has no file ${backup.path}`, {
      cause,
    });
  }
  const sha256 =
    sizeBytes === backup.sizeBytes ? (await hashFile(backup.path)).sha256 : `of ${sizeBytes} bytes`;
  if (sha256 !== backup.sha256)
    throw new OpsError(
      'BACKUP_CORRUPT',
      `Backup ${backup.id} is ${sizeBytes} bytes with sha256 ${sha256.slice(0, 16)}, its manifest says ${backup.sizeBytes} and ${backup.sha256.slice(0, 16)}`,
    );
}

async function restoreBeside(
  backup: FoundBackup,
  folder: string,
  options: RestoreOptions,
  tools: RestoreTools,
): Promise<RestoreResult> {
  const path = join(folder, backup.file);
  const result: RestoreResult = {
    status: options.dryRun === true ? 'planned' : 'restored',
    database: options.database,
    backup,
    restoredTo: path,
    replacedKeptAt: undefined,
    files: [],
  };
  if (options.dryRun === true) return result;
  await makeFolder(folder);
  const temporary = `${path}.tmp-${process.pid}`;
  await rm(temporary, { force: true });
  await copyChecked(backup, temporary, tools);
  await takeName(temporary, path).catch((cause: NodeJS.ErrnoException) =>
    Promise.reject(
      cause.code === 'EEXIST' ? new OpsError('OUTPUT_EXISTS', `${path} exists`, { cause }) : cause,
    ),
  );
  return result;
}

async function restoreStore(
  backup: FoundBackup,
  database: StoreName,
  tools: RestoreTools,
): Promise<RestoreResult> {
  const { layout } = tools;
  await makeFolder(layout.storeDir(database));
  await using lock = await WriterLock.acquire(layout.storeDir(database), {
    purpose: 'restore',
    waitMs: tools.waitMs,
    signal: tools.signal,
  });
  tools.onStep?.('locked');
  const target = layout.storeDb(database);
  const temporary = join(dirname(target), `.restore-${basename(target)}`);
  for (const suffix of ['', '-wal', '-shm', '-journal'])
    await rm(`${temporary}${suffix}`, { force: true });
  await copyChecked(backup, temporary, tools);
  raiseEpoch(temporary, lock);
  const replacedKeptAt = await swapIn(temporary, target, tools);
  return { status: 'restored', database, backup, restoredTo: target, replacedKeptAt, files: [] };
}
