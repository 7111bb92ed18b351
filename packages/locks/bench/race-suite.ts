import { join } from 'node:path';
import { openSqlite, WriterLock } from '@tb/locks';
import {
  type RaceResult,
  runRaces,
  runSoak,
  type SoakResult,
} from '../../testkit/src/race/index.ts';
import { forgeStalePlace, type StaleIdentity } from './stale-place.ts';

/** The two contenders: our lock, and raw proper-lockfile, which the same harness must see fail. */
export const WRITER_LOCK: URL = new URL(
  '../test/children/contender-writer-lock.mjs',
  import.meta.url,
);
export const RAW_CONTROL: URL = new URL(
  '../test/children/contender-proper-lockfile.mjs',
  import.meta.url,
);

/** 20 processes race for a place that looks abandoned; see `runRaces`. */
export async function races(
  script: URL,
  root: string,
  rounds: number,
  seed: number,
): Promise<RaceResult> {
  const identity = await identityOf(root);
  return runRaces({ script, root, rounds, seed, forge: (dir) => forgeStalePlace(dir, identity) });
}

/** What our own record says of this machine, boot and namespace. */
async function identityOf(dir: string): Promise<StaleIdentity> {
  await (await WriterLock.acquire(dir, { purpose: 'identity' })).release();
  const { holder } = await WriterLock.inspect(dir);
  if (holder === null) throw new Error(`No record in ${dir}`);
  return holder;
}

/** Violations of a run; empty when at most one process held at any time. */
export function violationsOf(result: RaceResult | SoakResult): string[] {
  const { overlaps, refused } = result.analysis;
  const found = overlaps.map(
    ([a, b]) => `pid ${a.pid} (epoch ${a.epoch}) and pid ${b.pid} (epoch ${b.epoch}) both held`,
  );
  for (const line of refused)
    found.push(`the witness refused pid ${line.pid} for ${line.waitedMs} ms`);
  if ('doubles' in result) {
    found.push(...result.doubles.map((round) => `winners in round ${round}`));
    found.push(...result.empty.map((round) => `nobody won round ${round}`), ...result.errors);
  } else {
    found.push(...result.crashes, ...result.lost.map((text) => `a hold was lost: ${text}`));
    found.push(...rowViolations(result));
  }
  return found;
}

/** In the database: one process an epoch, and epochs rise with the order of the rows. */
function rowViolations(result: SoakResult): string[] {
  const db = openSqlite(join(result.place, 'rows.db'), { readonly: true });
  try {
    const shared = db
      .prepare('SELECT epoch FROM rows GROUP BY epoch HAVING COUNT(DISTINCT pid) > 1')
      .all();
    const falling = db
      .prepare(
        'SELECT seq FROM (SELECT seq, epoch, LAG(epoch) OVER (ORDER BY seq) AS before FROM rows) WHERE epoch < before',
      )
      .all();
    return [
      ...shared.map((row) => `two processes wrote under one epoch: ${JSON.stringify(row)}`),
      ...falling.map((row) => `a late row of an older epoch: ${JSON.stringify(row)}`),
    ];
  } finally {
    db.close();
  }
}

/** 12 processes under SIGKILL and SIGSTOP, until there were so many holds and a fifth as many of each signal. */
export function soak(
  root: string,
  holds: number,
  minutes: number,
  seed: number,
): Promise<SoakResult> {
  const signals = Math.floor(holds / 5);
  return runSoak({
    script: WRITER_LOCK,
    root,
    holds,
    kills: signals,
    stops: signals,
    minutes,
    seed,
  });
}

/** The control under the soak's faults: stale after 2 s, so stops go up to 3 s. */
export function controlSoak(
  root: string,
  holds: number,
  minutes: number,
  seed: number,
): Promise<SoakResult> {
  return runSoak({ script: RAW_CONTROL, root, holds, minutes, seed, workers: 0, stopMs: 3_000 });
}
