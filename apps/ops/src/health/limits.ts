import type { BackupDatabase } from '../backup/backup-entry.ts';

/** What findings are held against. Times in ms, sizes in bytes, shares from 0 to 1. */
export interface HealthLimits {
  /** Free share of the disk below which `disk` warns, and fails. */
  readonly diskWarnShare: number;
  readonly diskFailShare: number;
  /** Free bytes below which `disk` fails, whatever the share. */
  readonly diskFailBytes: number;
  /** A write-ahead log above this size: a reader holds an old transaction, or the writer is gone. */
  readonly walBytes: number;
  /** An unfinished file of market_data that nobody has written to for so long was left by a killed process. */
  readonly leftoverMs: number;
  /** How long after its close a trading date may stay in the live buffer. */
  readonly rolloverMs: number;
  /** Share of rejected rows among all rows that came. */
  readonly rejectedShare: number;
  /** Age of the heartbeat of a writer that holds its lock. */
  readonly heartbeatMs: number;
  /** Age of the newest tick while the session is open. */
  readonly tickMs: number;
  /** Age of the newest backup of a database that has rows. */
  readonly backupMs: Readonly<Record<BackupDatabase, number>>;
  /** Age of the last restore that was proven. */
  readonly provenMs: number;
  /** Records may be so far in the future of the clock: then `clock` warns, and fails. */
  readonly clockWarnMs: number;
  readonly clockFailMs: number;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Backups: trading hourly, the rest daily, each with one turn that may fail. */
export const DEFAULT_LIMITS: HealthLimits = {
  diskWarnShare: 0.1,
  diskFailShare: 0.01,
  diskFailBytes: 1e9,
  walBytes: 256 * 1024 * 1024,
  leftoverMs: HOUR,
  rolloverMs: HOUR,
  rejectedShare: 0.001,
  heartbeatMs: 30_000,
  tickMs: 2 * MINUTE,
  backupMs: {
    trading: 2 * HOUR,
    signals: 2 * DAY,
    config: 2 * DAY,
    index: 2 * DAY,
    'market-data': 2 * DAY,
  },
  provenMs: 7 * DAY,
  clockWarnMs: 5_000,
  clockFailMs: MINUTE,
};
