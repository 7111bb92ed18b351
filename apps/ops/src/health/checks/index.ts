import type { Check } from '../health-context.ts';
import { backups } from './backups.ts';
import { clock } from './clock.ts';
import { corrections } from './corrections.ts';
import { dayFiles } from './day-files.ts';
import { disk } from './disk.ts';
import { dropped } from './dropped.ts';
import { freshness } from './freshness.ts';
import { inodes } from './inodes.ts';
import { integrity } from './integrity.ts';
import { lateRows } from './late-rows.ts';
import { liveBuffer } from './live-buffer.ts';
import { locks } from './locks.ts';
import { months } from './months.ts';
import { provenRestores } from './proven-restores.ts';
import { quarantine } from './quarantine.ts';
import { rejected } from './rejected.ts';
import { rollover } from './rollover.ts';
import { runs } from './runs.ts';
import { schema } from './schema.ts';
import { structure } from './structure.ts';
import { wal } from './wal.ts';

/** All checks, in the order in which they run and are printed. */
export const CHECKS: readonly Check[] = [
  structure,
  schema,
  locks,
  integrity,
  dayFiles,
  corrections,
  months,
  liveBuffer,
  freshness,
  rollover,
  lateRows,
  rejected,
  dropped,
  runs,
  backups,
  provenRestores,
  quarantine,
  disk,
  inodes,
  wal,
  clock,
];
