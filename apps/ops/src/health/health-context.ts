import type { Manifest, ManifestSnapshot } from '@tb/history';
import type { Calendars } from '@tb/manager';
import type { Layout } from '@tb/schema';
import type { Databases } from './databases.ts';
import type { Observation } from './finding.ts';
import type { HashedFile } from './hash-files.ts';
import type { HealthLimits } from './limits.ts';
import type { VerifiedFile } from './record-verified.ts';

/** What every check is handed. Checks read; none of them changes anything. */
export interface HealthContext {
  readonly layout: Layout;
  /** Read every byte. */
  readonly isFull: boolean;
  readonly limits: HealthLimits;
  /** Wall clock, ms since 1970. One value for all checks of a run. */
  readonly nowMs: number;
  readonly signal: AbortSignal | undefined;
  readonly databases: Databases;
  /** undefined when manifest.db cannot be read as a manifest: `structure`, `integrity` and `schema` tell of that. */
  readonly manifest: { readonly reader: Manifest; readonly snapshot: ManifestSnapshot } | undefined;
  readonly calendars: Calendars;
  /** sha256 of files by absolute path, read in a child process. */
  hash(paths: readonly string[]): Promise<ReadonlyMap<string, HashedFile>>;
  /** Told of each published file whose bytes were read and are as recorded. */
  onVerified(file: VerifiedFile): void;
}

/** One check: one file of `checks/`. */
export interface Check {
  readonly name: string;
  /** Everything that was looked at, findings of status `ok` included. Coded errors become a finding of the check. */
  run(context: HealthContext): Promise<readonly Observation[]>;
}
