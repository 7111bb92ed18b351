/**
 * Every module of the product that opens, reads, copies or hashes files with node:fs, with what it opens and why that is
 * safe. Closing any descriptor of a database that this process has open drops the process's POSIX locks on it: a module
 * is listed here only after somebody checked that it never does (docs/locks.md, 7.1).
 */
export const FILE_ACCESS: Readonly<Record<string, string>> = {
  'packages/locks/src/file-error.ts': 'A file of its own, made and removed to learn an errno.',
  'packages/locks/src/native-module.ts': 'package.json and the binary of better-sqlite3.',
  'packages/locks/src/platform-linux.ts': '/proc and /etc/machine-id.',
  'packages/locks/src/record.ts': '.writer.lock, a JSON text that no engine opens.',
  'packages/schema/src/migration.ts': 'The .sql files of the package.',
  'packages/backtest/src/file-bytes.ts':
    'Run files after their connections were closed, and folders.',
  'packages/backtest/src/runner-process.ts': '/proc.',
  'packages/history/src/file-bytes.ts':
    'Day files that no connection of the process has open: before the first ATTACH, or after the build closed them.',
  'packages/history/src/manifest-writer.ts': '.schema_version, a text.',
  'packages/history/src/quarantine.ts': 'The JSON with the reason, a new file.',
  'packages/history/src/version.ts': 'package.json.',
  'packages/live/src/ballast.ts': 'The ballast, a file of zeros beside live.db.',
  'packages/live/src/files.ts': 'Folders, and new segments before they are attached.',
  'packages/live/src/recover.ts': 'The JSON with the reason, a new file.',
  'packages/live/src/segment-file.ts': 'Segments before the first ATTACH of the process.',
  'packages/manager/src/calendars.ts': 'calendars/<exchange>.json.',
  'packages/manager/src/market/file-budget.ts': '/proc/self/limits.',
  'packages/manager/src/market/market-data-snapshot.ts':
    'A Parquet file of its own, closed by COPY.',
  'packages/manager/src/store/durable-file.ts': 'Folders and small texts.',
  'packages/manager/src/store/schema-version.ts': '.schema_version, a text.',
  'apps/ops/src/demo/acceptance/health-check-passes.ts':
    'A day file that it damages on purpose, in a process that does not attach it.',
  'apps/ops/src/demo/acceptance/rollover-atomic.ts': 'A template that no process has open.',
  'apps/ops/src/demo/tamper-worker.ts': 'A day file, hashed after its one connection was closed.',
  'apps/ops/src/format/row-writer.ts': 'Output files of its own.',
  'apps/ops/src/import/stage-worker.ts': 'Input files of the user.',
  'apps/ops/src/ingest.ts': 'Input files of the user.',
  'apps/ops/src/input/cell-source.ts': 'Input files of the user.',
  'apps/ops/src/input/rejects.ts': 'The rejects, a new file, and its folder.',
  'apps/ops/src/run.ts': 'package.json.',
  'apps/ops/src/backup/drill.ts': '.schema_version of a scratch root.',
  'apps/ops/src/backup/list-backups.ts': 'Manifests of backups, JSON texts.',
  'apps/ops/src/backup/proofs.ts': 'The list of proofs, a text.',
  'apps/ops/src/backup/take-backup.ts': 'The new copy after its connection was closed.',
  'apps/ops/src/commands/metrics.ts': 'The metrics, a new file.',
  'apps/ops/src/commands/backtest/report.ts': 'The report, a new file.',
  'apps/ops/src/commands/report.ts': 'The report, a new file.',
  'apps/ops/src/files/durable.ts':
    'Folders, new files, and finished files: backups, and day files that the process does not attach.',
  'apps/ops/src/health/checks/schema.ts': '.schema_version, a text.',
  'apps/ops/src/health/databases.ts':
    'A database that this process was denied to open, into a copy.',
  'apps/ops/src/migrate/journal.ts': 'The journal of a migration, a JSON text.',
  'apps/ops/src/migrate/quarantine-file.ts': 'Quarantined rows, a new file.',
  'apps/ops/src/migrate/worker/sealed-file.ts': 'A finished file after it was detached.',
};
