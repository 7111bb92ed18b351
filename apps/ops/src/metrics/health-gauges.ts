import type { Finding, HealthReport, HealthStatus } from '../health/finding.ts';
import type { Gauge } from './prometheus.ts';

interface Unit {
  readonly name: string;
  readonly help: string;
  /** Observed times this is the value: Prometheus counts in seconds. */
  readonly scale: number;
}

const MS = 0.001;

/** Checks whose observed value is a number, and what it is. */
const UNITS: Readonly<Record<string, Unit>> = {
  'day-files': { name: 'tb_day_files', help: 'Published files.', scale: 1 },
  corrections: { name: 'tb_corrections', help: 'Records in the chain of corrections.', scale: 1 },
  'live-buffer': { name: 'tb_live_rows', help: 'Ticks in the live buffer.', scale: 1 },
  freshness: { name: 'tb_live_age_seconds', help: 'Age of heartbeat and newest tick.', scale: MS },
  rollover: {
    name: 'tb_rollover_overdue_seconds',
    help: 'Since the close, not rolled over.',
    scale: MS,
  },
  'late-rows': { name: 'tb_late_rows', help: 'Rows that wait for a correction.', scale: 1 },
  rejected: { name: 'tb_rejected_ratio', help: 'Share of rejected rows.', scale: 1 },
  dropped: { name: 'tb_dropped_rows', help: 'Rows dropped by a full queue.', scale: 1 },
  runs: { name: 'tb_backtest_runs', help: 'Runs in the index.', scale: 1 },
  backups: { name: 'tb_backup_age_seconds', help: 'Age of the newest backup.', scale: MS },
  'proven-restores': {
    name: 'tb_proven_restore_age_seconds',
    help: 'Since the last proven restore.',
    scale: MS,
  },
  quarantine: { name: 'tb_quarantine_files', help: 'Files that nobody looked at yet.', scale: 1 },
  disk: { name: 'tb_disk_free_bytes', help: 'Free space under the data root.', scale: 1 },
  inodes: { name: 'tb_disk_free_inodes', help: 'Free inodes under the data root.', scale: 1 },
  wal: { name: 'tb_wal_bytes', help: 'Size of a write-ahead log.', scale: 1 },
  clock: {
    name: 'tb_clock_behind_seconds',
    help: 'Newest record from the future of the clock.',
    scale: MS,
  },
};

const STATUS_VALUE: Readonly<Record<HealthStatus, number>> = { ok: 0, warn: 1, fail: 2 };

/** A health report as gauges: the verdict, the worst status of each check, and every number that was observed. */
export function healthGauges(report: HealthReport, checkedAtMs: number): readonly Gauge[] {
  const { findings } = report;
  const checks = [...new Set(findings.map(({ check }) => check))];
  return [
    gauge('tb_health_verdict', 'Worst status: 0 ok, 1 warn, 2 fail.', [
      { labels: {}, value: STATUS_VALUE[report.verdict] },
    ]),
    gauge('tb_health_checked_timestamp_seconds', 'When the checks ran.', [
      { labels: {}, value: checkedAtMs / 1000 },
    ]),
    gauge(
      'tb_health_findings',
      'Findings of each check by status.',
      checks.flatMap((check) =>
        (['ok', 'warn', 'fail'] as const).map((status) => ({
          labels: { check, status },
          value: findings.filter((one) => one.check === check && one.status === status).length,
        })),
      ),
    ),
    ...Object.entries(UNITS).map(([check, unit]) => observedGauge(check, unit, findings)),
  ];
}

function observedGauge(check: string, unit: Unit, findings: readonly Finding[]): Gauge {
  const samples = findings.flatMap((one) =>
    // Of files, the numbers of a failed finding are sizes of one of them.
    one.check === check &&
    typeof one.observed === 'number' &&
    !(one.status === 'fail' && /files|runs|live-buffer/.test(check))
      ? [{ labels: { subject: one.subject }, value: one.observed * unit.scale }]
      : [],
  );
  return gauge(unit.name, unit.help, samples);
}

function gauge(name: string, help: string, samples: Gauge['samples']): Gauge {
  return { name, help, samples };
}
