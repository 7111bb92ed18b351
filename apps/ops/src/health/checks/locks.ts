import { relative } from 'node:path';
import { inspectLock, type LockInspection } from '@tb/locks';
import { exists } from '../databases.ts';
import { fail, type Observation, ok, warn } from '../finding.ts';
import type { Check, HealthContext } from '../health-context.ts';

/** The writer lock of each database folder, as `tb locks` sees it. No lock is taken. */
export const locks: Check = {
  name: 'locks',
  run: async (context) => {
    const findings: Observation[] = [];
    for (const folder of await lockFoldersOf(context))
      findings.push(
        observationOf(relative(context.layout.root, folder), await inspectLock(folder)),
      );
    return findings;
  },
};

async function lockFoldersOf({ layout, databases }: HealthContext): Promise<readonly string[]> {
  const folders = [
    layout.lockDir('market_data'),
    layout.lockDir('trading'),
    layout.lockDir('signals'),
    layout.lockDir('config'),
    layout.lockDir('backtest'),
    ...databases.all.flatMap(({ exchange }) => (exchange ? [layout.liveDir(exchange)] : [])),
  ];
  const there: string[] = [];
  for (const folder of folders) if (await exists(folder)) there.push(folder);
  return there;
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
