import { access, constants } from 'node:fs/promises';
import { relative } from 'node:path';
import { inspectLock, type LockInspection } from '@tb/locks';
import { lockFoldersOf } from '../../locks/lock-folders.ts';
import { exists } from '../databases.ts';
import { fail, type Observation, ok, warn } from '../finding.ts';
import type { Check } from '../health-context.ts';

/** The writer lock of each database folder, as `tb locks` sees it. No lock is taken. */
export const locks: Check = {
  name: 'locks',
  run: async ({ layout }) => {
    const findings: Observation[] = [];
    for (const { dir } of await lockFoldersOf(layout)) {
      const subject = relative(layout.root, dir);
      if (!(await exists(dir))) continue; // told by `structure`
      findings.push(
        (await notAllowed(subject, dir)) ?? observationOf(subject, await inspectLock(dir)),
      );
    }
    return findings;
  },
};

/** Inside a folder that this user may not enter, nothing can be seen of its lock. */
async function notAllowed(subject: string, dir: string): Promise<Observation | undefined> {
  try {
    await access(dir, constants.R_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    const observed = 'not checked: this user may not enter the folder';
    return warn(subject, observed, 'free or held', 'Run it as the user of the writers.');
  }
}

const HINTS: Readonly<Record<string, string>> = {
  'held-stopped': 'Its writer is stopped: `kill -CONT PID`, or `tb locks break DATABASE --kill`.',
  'stale-reclaimable':
    'Its writer is dead; the next writer takes over, or `tb locks break DATABASE`.',
  'held-elsewhere': 'If the other machine is dead: `tb locks break DATABASE --foreign`.',
  'anomaly-guard-lost': 'Stop that writer; find what opens, copies or deletes `.writer.guard`.',
};

function observationOf(subject: string, seen: LockInspection): Observation {
  const holder = seen.holder ? ` by pid ${seen.holder.pid} (${seen.holder.purpose})` : '';
  const observed = seen.verdict === 'free' ? 'free' : `${seen.verdict}${holder}`;
  const limit = 'free or held';
  if (seen.recordDamaged)
    return fail(subject, 'record damaged', limit, 'The next writer writes `.writer.lock` anew.');
  if (seen.osLock === 'unknown')
    return warn(
      subject,
      `not checked: this user may not try the guard; the record says ${observed}`,
      limit,
      'Run it as the user of the writers.',
    );
  const hint = HINTS[seen.verdict] ?? 'See `tb locks`.';
  if (seen.level === 'fail') return fail(subject, observed, limit, hint);
  return seen.level === 'warn'
    ? warn(subject, observed, limit, hint)
    : ok(subject, observed, limit);
}
