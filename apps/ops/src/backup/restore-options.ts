import type { Layout } from '@tb/schema';
import type { BackupDatabase, FoundBackup } from './backup-entry.ts';

export interface RestoreOptions {
  readonly database: BackupDatabase;
  /** One backup by its id; or the newest taken at or before a time. Exactly one of the two. */
  readonly id?: string | undefined;
  readonly at?: Date | undefined;
  /** Restore beside, into this folder, which must not hold the file yet. Takes no lock and touches nothing else. */
  readonly to?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface RestoreTools {
  readonly layout: Layout;
  readonly signal: AbortSignal;
  readonly waitMs?: number | undefined;
  readonly onStep?: ((step: RestoreStep) => void) | undefined;
  readonly now?: (() => Date) | undefined;
}

export type RestoreStep =
  | 'verified'
  | 'locked'
  | 'copied'
  | 'checked'
  | 'drained'
  | 'kept'
  | 'swapped'
  | 'synced';

export interface RestoreResult {
  readonly status: 'restored' | 'planned';
  readonly database: BackupDatabase;
  readonly backup: FoundBackup;
  /** Absolute path of the restored file. */
  readonly restoredTo: string;
  /** Where the replaced database is kept; undefined when there was none. */
  readonly replacedKeptAt: string | undefined;
  /** Published files that were missing or damaged and were put back (market-data). */
  readonly files: readonly string[];
}
