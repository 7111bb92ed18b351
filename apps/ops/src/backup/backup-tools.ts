import type { Layout } from '@tb/schema';

/** What a backup works with. */
export interface BackupTools {
  readonly layout: Layout;
  readonly signal: AbortSignal;
  readonly waitMs?: number | undefined;
  /** Named points, in order; tests kill the process at each. */
  readonly onStep?: ((step: BackupStep) => void) | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly now?: (() => Date) | undefined;
}

export type BackupStep =
  | 'copied'
  | 'checked'
  | 'hashed'
  | 'synced'
  | 'named'
  | 'files copied'
  | 'manifest written';
