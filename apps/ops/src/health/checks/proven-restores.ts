import { BACKUP_DATABASES, type BackupDatabase } from '../../backup/backup-entry.ts';
import { listBackups } from '../../backup/list-backups.ts';
import { readProofs } from '../../backup/proofs.ts';
import { type Observation, ok, warn } from '../finding.ts';
import type { Check, HealthContext } from '../health-context.ts';

/** The last backup of each database that was restored and checked. Observed: ms since that proof. */
export const provenRestores: Check = {
  name: 'proven-restores',
  run: async (context) => {
    const findings: Observation[] = [];
    for (const database of BACKUP_DATABASES)
      findings.push(...(await ofDatabase(context, database)));
    return findings;
  },
};

async function ofDatabase(
  { layout, limits, nowMs }: HealthContext,
  database: BackupDatabase,
): Promise<readonly Observation[]> {
  const ids = new Set((await listBackups(layout, database)).map(({ id }) => id));
  if (ids.size === 0) return [];
  const last = (await readProofs(layout)).filter(({ id }) => ids.has(id)).at(-1);
  const hint = 'Run `tb drill`: a backup that was never restored is a hope.';
  if (!last) return [warn(database, 'never', limits.provenMs, hint)];
  const ageMs = Math.max(0, nowMs - Date.parse(last.at));
  return [
    ageMs > limits.provenMs
      ? warn(database, ageMs, limits.provenMs, hint)
      : ok(database, ageMs, limits.provenMs),
  ];
}
