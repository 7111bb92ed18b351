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
  'packages/schema/src/hash-file.ts': 'What its callers give it: they are listed too.',
  'packages/schema/src/migration.ts': 'The .sql files of the package.',
  'packages/schema/src/seal-file.ts': 'What its callers give it: they are listed too.',
  'packages/schema/src/sync-folder.ts': 'Folders.',
  'packages/backtest/src/run-file.ts': 'Run files before they are attached.',
  'packages/backtest/src/run-file-build.ts': 'A run file after its connections were closed.',
  'packages/backtest/src/run-verify.ts': 'Run files that the process does not attach.',
  'packages/backtest/src/runner-process.ts': '/proc.',
  'packages/history/src/archive.ts': 'A Parquet file of its own, closed by COPY.',
  'packages/history/src/inventory.ts': 'Files that it found, before it attaches them.',
  'packages/history/src/manifest-writer.ts': '.schema_version, a text.',
  'packages/history/src/quarantine.ts': 'The JSON with the reason, a new file.',
  'packages/history/src/verify.ts': 'Day files before the first ATTACH of the process.',
  'packages/history/src/version.ts': 'package.json.',
  'packages/history/src/write-file.ts': 'A day file after the build detached it.',
  'packages/live/src/ballast.ts': 'The ballast, a file of zeros beside live.db.',
  'packages/live/src/files.ts': 'New segments after the build detached them.',
  'packages/live/src/recover.ts': 'The JSON with the reason, a new file.',
  'packages/live/src/segment-build.ts': 'A new segment after the build detached it.',
  'packages/live/src/segment-file.ts': 'Segments before the first ATTACH of the process.',
  'packages/manager/src/calendars.ts': 'calendars/<exchange>.json.',
  'packages/manager/src/market/file-budget.ts': '/proc/self/limits.',
  'packages/manager/src/market/market-data-snapshot.ts':
    'A Parquet file of its own, closed by COPY.',
  'packages/manager/src/store/durable-file.ts': 'Small texts.',
  'packages/manager/src/store/schema-version.ts': '.schema_version, a text.',
  'apps/ops/src/demo/acceptance/health-check-passes.ts':
    'A day file that it damages on purpose, in a process that does not attach it.',
  'apps/ops/src/demo/acceptance/rollover-atomic.ts': 'A template that no process has open.',
  'apps/ops/src/demo/hash-worker.ts': 'Day files, in a process that attaches none.',
  'apps/ops/src/demo/tamper-worker.ts': 'A day file, hashed after its one connection was closed.',
  'apps/ops/src/format/row-writer.ts': 'Output files of its own.',
  'apps/ops/src/input/cell-source.ts': 'Input files of the user.',
  'apps/ops/src/input/rejects.ts': 'The rejects, a new file, and its folder.',
  'apps/ops/src/run.ts': 'package.json.',
  'apps/ops/src/backup/drill.ts': '.schema_version of a scratch root.',
  'apps/ops/src/backup/list-backups.ts': 'Manifests of backups, JSON texts.',
  'apps/ops/src/backup/proofs.ts': 'The list of proofs, a text.',
  'apps/ops/src/backup/restore.ts': 'Backups, which nobody has open.',
  'apps/ops/src/backup/restore-market-data.ts':
    'Day files of a root whose owner is this process, attached by none.',
  'apps/ops/src/backup/verify-backups.ts': 'Backups, which nobody has open.',
  'apps/ops/src/backup/take-backup.ts': 'The new copy after its connection was closed.',
  'apps/ops/src/commands/metrics.ts': 'The metrics, a new file.',
  'apps/ops/src/commands/backtest/report.ts': 'The report, a new file.',
  'apps/ops/src/commands/report.ts': 'The report, a new file.',
  'apps/ops/src/files/durable.ts':
    'Folders, new files, and day files that it copies and the process does not attach.',
  'apps/ops/src/health/hash-worker.ts': 'Published files, in a process that attaches none.',
  'apps/ops/src/health/checks/schema.ts': '.schema_version, a text.',
  'apps/ops/src/health/databases.ts':
    'A database that this process was denied to open, into a copy.',
  'apps/ops/src/migrate/journal.ts':
    'The journal of a migration, a JSON text, and the archive that it names.',
  'apps/ops/src/migrate/quarantine-file.ts': 'Quarantined rows, a new file.',
  'apps/ops/src/migrate/run-writer.ts':
    'A run file of an earlier try, which no connection has open.',
  'apps/ops/src/migrate/source-file.ts': 'The old database before it is attached.',
  'apps/ops/src/migrate/worker/archive.ts': 'The archive after it was detached.',
  'apps/ops/src/migrate/worker/run-files.ts': 'A run file after it was detached.',
};
