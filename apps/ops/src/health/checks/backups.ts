import {
  BACKUP_DATABASES,
  type BackupDatabase,
  type FoundBackup,
} from '../../backup/backup-entry.ts';
import { listBackups } from '../../backup/list-backups.ts';
import { verifyBackups } from '../../backup/verify-backups.ts';
import { isOpsError } from '../../errors.ts';
import { fail, type Observation, ok, warn } from '../finding.ts';
import { hasRows } from '../has-rows.ts';
import type { Check, HealthContext } from '../health-context.ts';
import { findStats } from '../recorded-file.ts';

/**
 * The newest backup of each database that has rows (observed: its age in ms), and whether every copy is there with its
 * size; with --full every byte.
 */
export const backups: Check = {
  name: 'backups',
  run: async (context) => {
    const findings: Observation[] = [];
    for (const database of BACKUP_DATABASES)
      findings.push(...(await ofDatabase(context, database)));
    return findings;
  },
};

async function ofDatabase(
  context: HealthContext,
  database: BackupDatabase,
): Promise<readonly Observation[]> {
  const { layout, isFull } = context;
  let found: readonly FoundBackup[];
  try {
    found = await listBackups(layout, database);
  } catch (error) {
    if (!isOpsError(error, 'BACKUP_CORRUPT')) throw error;
    return [
      fail(
        database,
        error.message,
        'readable',
        'Move its folder to quarantine/, take a new backup.',
      ),
    ];
  }
  return [
    newest(context, database, found.at(-1)),
    ...(isFull ? await changed(context, found) : await incomplete(found)),
  ];
}

function newest(
  { databases, limits, nowMs }: HealthContext,
  database: BackupDatabase,
  backup: FoundBackup | undefined,
): Observation {
  const limit = limits.backupMs[database];
  const opened = databases.find(database === 'market-data' ? 'manifest' : database);
  const hint = `Run \`tb backup ${database}\`, and look at the timer that should.`;
  if (backup) {
    const ageMs = Math.max(0, nowMs - Date.parse(backup.takenAt));
    return ageMs > limit ? warn(database, ageMs, limit, hint) : ok(database, ageMs, limit);
  }
  if (opened && !hasRows(opened)) return ok(database, 'nothing to back up', limit);
  return warn(database, 'no backup', limit, hint);
}

const DAMAGED = 'Do not restore it; see `tb backups --verify` and take a new backup.';

async function incomplete(found: readonly FoundBackup[]): Promise<readonly Observation[]> {
  const problems: Observation[] = [];
  for (const { id, path, sizeBytes } of found) {
    const size = await findStats(path);
    if (!size) problems.push(fail(id, 'missing', sizeBytes, DAMAGED));
    else if (Number(size.size) !== sizeBytes)
      problems.push(fail(id, Number(size.size), sizeBytes, DAMAGED));
  }
  return problems;
}

async function changed(
  { layout }: HealthContext,
  found: readonly FoundBackup[],
): Promise<readonly Observation[]> {
  return (await verifyBackups(layout, found)).map(({ id, path, problem }) =>
    problem === 'extra'
      ? warn(path, problem, 'listed', 'Move it away: it belongs to no backup.')
      : fail(`${id} ${path}`, problem, 'as recorded', DAMAGED),
  );
}
