import type { BackupDatabase } from './backup-entry.ts';

/** What retention needs to know of a backup. */
export interface RetainedBackup {
  readonly id: string;
  /** ISO 8601 UTC. */
  readonly takenAt: string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How long backups are kept, and which pause between two of them counts as a gap. */
export interface RetentionRule {
  readonly keepMs: number;
  readonly gapMs: number;
}

/** Trading hourly for 24 hours; config, metadata and the rest daily for 30 days. A gap is a pause of several turns. */
export function retentionOf(database: BackupDatabase): RetentionRule {
  return database === 'trading'
    ? { keepMs: DAY_MS, gapMs: 12 * HOUR_MS }
    : { keepMs: 30 * DAY_MS, gapMs: 3 * DAY_MS };
}

/**
 * The backups that may go. Never among them: any within the time, the newest, the last one that a restore proved, and the
 * newest before any gap: a weekend must not erase Friday. Pure.
 *
 * @param backups Of one database, oldest first.
 * @param provenIds Ids that a drill or a restore proved.
 */
export function prunable<Backup extends RetainedBackup>(
  backups: readonly Backup[],
  provenIds: ReadonlySet<string>,
  rule: RetentionRule,
  now: Date,
): readonly Backup[] {
  const lastProven = backups.findLast((backup) => provenIds.has(backup.id));
  return backups.filter((backup, at) => {
    const next = backups[at + 1];
    if (!next || backup === lastProven) return false;
    const takenMs = Date.parse(backup.takenAt);
    const isBeforeGap = Date.parse(next.takenAt) - takenMs > rule.gapMs;
    return !isBeforeGap && now.getTime() - takenMs > rule.keepMs;
  });
}
