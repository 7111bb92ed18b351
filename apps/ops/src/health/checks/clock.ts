import { listAllBackups } from '../../backup/list-backups.ts';
import { allOf } from '../databases.ts';
import { fail, ok, warn } from '../finding.ts';
import type { Check, HealthContext } from '../health-context.ts';

const NS_PER_MS = 1_000_000n;

/** No record is from the future of this clock. Observed: ms that the newest record is ahead, 0 when it is not. */
export const clock: Check = {
  name: 'clock',
  run: async (context) => {
    const { limits, nowMs } = context;
    const { subject, atMs } = await newestRecord(context);
    const aheadMs = Math.max(0, atMs - nowMs);
    const hint = 'Correct the clock of this machine, or find which machine wrote with a wrong one.';
    if (aheadMs > limits.clockFailMs) return [fail(subject, aheadMs, limits.clockFailMs, hint)];
    if (aheadMs > limits.clockWarnMs) return [warn(subject, aheadMs, limits.clockWarnMs, hint)];
    return [ok(subject, aheadMs, limits.clockWarnMs)];
  },
};

interface Stamp {
  readonly subject: string;
  readonly atMs: number;
}

/** Wall-clock times only: those that markets gave are of another clock. */
const COLUMNS: Readonly<Record<string, readonly string[]>> = {
  manifest: ['SELECT max(published_at) AS at FROM files', 'SELECT max(at) AS at FROM corrections'],
  live: ['SELECT heartbeat_ns AS at FROM counters'],
  index: ['SELECT max(started_at) AS at FROM runs', 'SELECT max(finished_at) AS at FROM runs'],
};

async function newestRecord({ layout, databases }: HealthContext): Promise<Stamp> {
  const stamps: Stamp[] = [];
  for (const database of databases.all) {
    if (database.state !== 'open') continue;
    const queries = [
      'SELECT max(applied_at) AS at FROM schema_migrations',
      ...(COLUMNS[database.schema] ?? []),
    ];
    for (const sql of queries) {
      const [row] = allOf<{ at: bigint | null }>(database, sql);
      stamps.push({ subject: database.name, atMs: Number((row?.at ?? 0n) / NS_PER_MS) });
    }
  }
  for (const { id, takenAt } of await listAllBackups(layout))
    stamps.push({ subject: id, atMs: Date.parse(takenAt) });
  return stamps.reduce((newest, one) => (one.atMs > newest.atMs ? one : newest), {
    subject: layout.root,
    atMs: 0,
  });
}
