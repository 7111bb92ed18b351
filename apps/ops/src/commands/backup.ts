import type { Command } from 'commander';
import { assertInitialised } from '../assert-initialised.ts';
import { BACKUP_DATABASES, type BackupDatabase, type FoundBackup } from '../backup/backup-entry.ts';
import { pruneBackups } from '../backup/prune-backups.ts';
import { takeBackups } from '../backup/take-backup.ts';
import type { Context } from '../context.ts';
import { OpsError } from '../errors.ts';
import type { Execute } from '../execute.ts';
import { type CommandResult, tableOf } from '../output.ts';

interface Flags {
  readonly keepAll?: boolean;
  readonly dryRun?: boolean;
  readonly wait: number;
}

/** `tb backup`: online snapshots. */
export function register(program: Command, execute: Execute): void {
  program
    .command('backup')
    .description(
      'online snapshot while the owner writes; checked, hashed, then old ones go by the retention rule',
    )
    .argument('<database>', `${BACKUP_DATABASES.join(', ')} or all`)
    .option('--keep-all', 'remove no old backups')
    .option('--dry-run', 'say what would be done')
    .option('--wait <ms>', 'wait so long for another backup to end', Number, 0)
    .addHelpText('after', '\nExample:\n  $ tb backup all')
    .action((name: string, flags: Flags, self: Command) =>
      execute(self, (context) => run(context, name, flags)),
    );
}

async function run(context: Context, name: string, flags: Flags): Promise<CommandResult> {
  const { layout } = context;
  const databases = name === 'all' ? BACKUP_DATABASES : [databaseOf(name)];
  await assertInitialised(layout);
  if (flags.dryRun === true) {
    const pruned = (
      await Promise.all(
        databases.map((database) => pruneBackups(layout, database, new Date(), true)),
      )
    ).flat();
    return {
      status: 'planned',
      fields: { databases, backups: [], pruned: pruned.map((backup) => backup.id) },
      lines: [`would back up ${databases.join(', ')} and remove ${pruned.length} old backups`],
    };
  }
  const progress = context.progress('day files');
  const taken = await takeBackups(databases, {
    layout,
    signal: context.signal,
    waitMs: flags.wait,
    onProgress: (done) => progress.update(done),
  });
  progress.end();
  const pruned: string[] = [];
  if (flags.keepAll !== true)
    for (const database of databases)
      pruned.push(...(await pruneBackups(layout, database, new Date())).map((backup) => backup.id));
  return {
    status: 'done',
    fields: { backups: taken.map(plainBackup), pruned },
    lines: [
      ...tableOf(
        ['id', 'rows', 'bytes', 'path'],
        taken.map((backup) => [backup.id, rowsOf(backup), backup.sizeBytes, backup.path]),
      ),
      ...pruned.map((id) => `removed by retention: ${id}`),
    ],
  };
}

/** @throws `BAD_OPTION` */
export function databaseOf(name: string): BackupDatabase {
  const found = BACKUP_DATABASES.find(
    (database) => database === name || database.replace('-', '_') === name,
  );
  if (!found)
    throw new OpsError(
      'BAD_OPTION',
      `${JSON.stringify(name)} is not one of ${BACKUP_DATABASES.join(', ')}`,
    );
  return found;
}

/** A backup as JSON fields. `rows` is the sum over its tables; `tables` has them each. */
export function plainBackup(backup: FoundBackup): Record<string, unknown> {
  const { id, database, path, takenAt, sizeBytes, sha256, rows, schemaVersion, epoch } = backup;
  return {
    id,
    database,
    path,
    takenAt,
    sizeBytes,
    sha256,
    rows: rowsOf(backup),
    tables: rows,
    schemaVersion,
    epoch,
    files: backup.files?.length ?? 0,
  };
}

export function rowsOf(backup: FoundBackup): number {
  return Object.values(backup.rows).reduce((sum, count) => sum + count, 0);
}
