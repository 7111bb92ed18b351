import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createFolder, type Layout, layoutOf, SCHEMA_VERSION, type StoreName } from '@tb/schema';
import { OpsError } from '../errors.ts';
import { copyDurably } from '../files/durable.ts';
import { checkHealth, type HealthReport } from '../health/check-health.ts';
import { CHECKS } from '../health/checks/index.ts';
import {
  BACKUP_DATABASES,
  type BackupDatabase,
  backupFolderOf,
  type FoundBackup,
  storedFilesOf,
} from './backup-entry.ts';
import { listBackups } from './list-backups.ts';
import { recordProof } from './proofs.ts';
import { copyChecked } from './swap-in.ts';
import { verifyBackups } from './verify-backups.ts';

/** Months are derived, and run files are repeatable: a backup has neither. Nor has a scratch root backups of its own. */
const NOT_RESTORED: readonly string[] = ['months', 'runs', 'backups', 'proven-restores'];

/** One database of a drill. */
export interface DrilledDatabase {
  readonly database: BackupDatabase;
  readonly id: string;
  readonly takenAt: string;
  /** Recovery point achieved: what would be lost if the database went now, seconds. */
  readonly rpoS: number;
  readonly restoreMs: number;
}

export interface DrillResult {
  readonly databases: readonly DrilledDatabase[];
  readonly health: HealthReport;
  /** Recovery time achieved: restore and checks of everything, ms. */
  readonly rtoMs: number;
}

export interface DrillTools {
  readonly layout: Layout;
  readonly signal: AbortSignal;
  readonly now?: (() => Date) | undefined;
}

/**
 * Restores the newest backup of everything into a scratch root, runs every health check on it, and records the proof. The
 * data root itself is only read; the scratch root is removed.
 * @throws `BACKUP_ABSENT` when there is none; `BACKUP_CORRUPT`; `DRILL_FAILED` when the restored root is not healthy.
 */
export async function drill(tools: DrillTools): Promise<DrillResult> {
  const now = tools.now?.() ?? new Date();
  const startedMs = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'tb-drill-'));
  try {
    const scratch = layoutOf(join(folder, 'data'));
    const databases: DrilledDatabase[] = [];
    for (const database of BACKUP_DATABASES) {
      if (tools.signal.aborted)
        throw new OpsError('INTERRUPTED', `Stopped before ${database}; nothing was recorded`);
      const backup = (await listBackups(tools.layout, database)).at(-1);
      if (!backup)
        throw new OpsError('BACKUP_ABSENT', `There is no backup of ${database}`, {
          hint: 'Run `tb backup all` first.',
        });
      databases.push(await restoreInto(scratch, backup, tools, now));
    }
    await makeRest(scratch);
    const health = await checkHealth(scratch, {
      full: true,
      checks: CHECKS.map((check) => check.name).filter((name) => !NOT_RESTORED.includes(name)),
    });
    const rtoMs = Math.round(performance.now() - startedMs);
    const failed = health.findings.filter((finding) => finding.status === 'fail');
    if (failed.length > 0)
      throw new OpsError(
        'DRILL_FAILED',
        `The restored root fails ${failed.map((finding) => `${finding.check} (${finding.subject}: ${finding.observed})`).join(', ')}`,
      );
    for (const each of databases)
      await recordProof(tools.layout, {
        id: each.id,
        at: now.toISOString(),
        restoreMs: each.restoreMs,
      });
    return { databases, health, rtoMs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function restoreInto(
  scratch: Layout,
  backup: FoundBackup,
  tools: DrillTools,
  now: Date,
): Promise<DrilledDatabase> {
  const startedMs = performance.now();
  const [problem] = await verifyBackups(tools.layout, [backup]).then((problems) =>
    problems.filter((each) => each.problem !== 'extra'),
  );
  if (problem)
    throw new OpsError(
      'BACKUP_CORRUPT',
      `${problem.path} of backup ${backup.id} is ${problem.problem}`,
    );
  const isMarketData = backup.database === 'market-data';
  const target = isMarketData ? scratch.manifest : scratch.storeDb(backup.database as StoreName); // the one that is no store was ruled out
  await createFolder(dirname(target));
  await copyChecked(backup, target, { layout: scratch, signal: tools.signal });
  for (const file of storedFilesOf(backup)) {
    const path = scratch.absolute(file.path);
    await createFolder(dirname(path));
    await copyDurably(
      join(tools.layout.backups, backupFolderOf('market-data'), 'files', file.sha256),
      path,
      0o444,
    );
  }
  const rpoS = Math.max(0, Math.round((now.getTime() - Date.parse(backup.takenAt)) / 1000));
  return {
    database: backup.database,
    id: backup.id,
    takenAt: backup.takenAt,
    rpoS,
    restoreMs: Math.round(performance.now() - startedMs),
  };
}

/** What a root has besides its databases. */
async function makeRest(scratch: Layout): Promise<void> {
  for (const folder of [
    scratch.liveBuffer,
    scratch.runsDir,
    scratch.backups,
    scratch.quarantine,
    scratch.legacy,
    scratch.calendars,
  ])
    await createFolder(folder);
  await writeFile(scratch.schemaVersionFile, `${SCHEMA_VERSION}\n`);
}
