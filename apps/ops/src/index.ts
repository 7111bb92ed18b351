/** What services call without a shell: the functions behind the commands of `tb`. */

export { type RunRequest, runOnce } from './backtest/run-once.ts';
export { findStaleRuns, type StaleRun } from './backtest/stale-runs.ts';
export { type SweepRequest, type SweepResult, type SweepTools, sweep } from './backtest/sweep.ts';
export type {
  BackedUpFile,
  BackupDatabase,
  BackupEntry,
  FoundBackup,
} from './backup/backup-entry.ts';
export type { BackupStep, BackupTools } from './backup/backup-tools.ts';
export { type DrilledDatabase, type DrillResult, type DrillTools, drill } from './backup/drill.ts';
export { listAllBackups, listBackups } from './backup/list-backups.ts';
export { pruneBackups } from './backup/prune-backups.ts';
export { restore } from './backup/restore.ts';
export type {
  RestoreOptions,
  RestoreResult,
  RestoreStep,
  RestoreTools,
} from './backup/restore-options.ts';
export { takeBackups } from './backup/take-backup.ts';
export { type BackupProblem, verifyBackups } from './backup/verify-backups.ts';
export { isOpsError, OpsError, type OpsErrorCode, opsErrors } from './errors.ts';
export { checkHealth, type HealthOptions, type HealthReport } from './health/check-health.ts';
export type { Finding, HealthStatus } from './health/finding.ts';
export { DEFAULT_LIMITS, type HealthLimits } from './health/limits.ts';
export { recordVerifiedFiles, type VerifiedFile } from './health/record-verified.ts';
export { type ArchiveResult, type ArchiveRule, archive } from './history/archive.ts';
export type { HistoryTools } from './history/publish-events.ts';
export { refreshMonths } from './history/refresh-months.ts';
export { listStaleMonths } from './history/stale-months.ts';
export { importFiles } from './import/import-files.ts';
export type {
  ImportedDate,
  ImportOptions,
  ImportResult,
  ImportTools,
} from './import/import-options.ts';
export {
  type FollowOptions,
  type FollowResult,
  type FollowTools,
  follow,
} from './ingest/follow.ts';
export type { IngestCounts } from './ingest/row-sink.ts';
export { type IngestOptions, type IngestResult, type IngestTools, ingest } from './ingest.ts';
export { type InputOptions, parseInputOptions } from './input/input-options.ts';
export { type BreakDatabaseLockOptions, breakDatabaseLock } from './locks/break-database-lock.ts';
export { type InspectedLock, inspectLocks } from './locks/inspect-locks.ts';
export { healthGauges } from './metrics/health-gauges.ts';
export { type Gauge, prometheusText, type Sample } from './metrics/prometheus.ts';
export {
  type MetricsServer,
  type ServeMetricsOptions,
  serveMetrics,
} from './metrics/serve-metrics.ts';
export { type MigrateAnswer, type MigrateTools, migrate } from './migrate/migrate.ts';
export type { MigrateOptions } from './migrate/options.ts';
export {
  checkPreflight,
  type Preflight,
  type PreflightOptions,
} from './preflight/check-preflight.ts';
export { type MadeReport, makeReport, type ReportOptions } from './report/make-report.ts';
export { type RolloverOptions, type RolloverResult, rollover } from './rollover/rollover.ts';
export type { RolledDate, RolloverStep, RolloverTools } from './rollover/rollover-tools.ts';
