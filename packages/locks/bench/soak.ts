import { rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLockError, openSqlite, WriterLock } from '@tb/locks';
import { type TempRoot, tempRoot } from '@tb/testkit';
import { type Puppet, startPuppet } from '../test/puppet.ts';
import { controlSoak, RAW_CONTROL, races, soak, violationsOf, WRITER_LOCK } from './race-suite.ts';

export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Contended rounds, half of them races of 20, half holds under faults. Default: 200 for each minute. */
  readonly rounds?: number | undefined;
}

/** Figures of `pnpm soak locks`; docs/soak-locks.md keeps those of a run of 10,000 rounds. */
export interface SoakFigure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const CONTROL_RACES = 200;
const CONTROL_HOLDS = 60;

/**
 * Races, faults, the control, depositions, and holders that are blocked or stopped. A few minutes more than `minutes`.
 * @throws Error with every violation found; also when the control was not caught, because then the harness is blind.
 */
export async function run({ minutes, seed, rounds }: SoakOptions): Promise<SoakFigure[]> {
  const total = rounds ?? Math.max(40, Math.round(minutes * 200));
  // A run that is asked for rounds takes the time that they need.
  const limitMinutes = rounds === undefined ? minutes : 600;
  const idleMs = Math.min(300_000, minutes * 60_000);
  const failures: string[] = [];
  const figures = [
    ...(await raceFigures(Math.floor(total / 2), seed, failures)),
    ...(await soakFigures(Math.ceil(total / 2), limitMinutes, seed, failures)),
    ...(await controlFigures(seed, failures)),
    await depositions(100, failures),
    ...(await idleHolders(rounds === undefined ? idleMs : 300_000, failures)),
  ];
  if (failures.length > 0)
    throw new Error(`seed ${seed}: ${failures.length} violations\n${failures.join('\n')}`);
  return figures;
}

const figure = (name: string, value: number, unit = ''): SoakFigure => ({ name, value, unit });

async function raceFigures(
  rounds: number,
  seed: number,
  failures: string[],
): Promise<SoakFigure[]> {
  using root = tempRoot('soak');
  const result = await races(WRITER_LOCK, root.path, rounds, seed);
  failures.push(...violationsOf(result));
  return [
    figure('races of 20 processes', result.rounds, 'rounds'),
    figure('races with more than one holder', result.doubles.length),
  ];
}

async function soakFigures(
  holds: number,
  minutes: number,
  seed: number,
  failures: string[],
): Promise<SoakFigure[]> {
  using root = tempRoot('soak');
  const result = await soak(root.path, holds, minutes, seed);
  failures.push(...violationsOf(result));
  const waited = result.analysis.waitedMs;
  return [
    figure('holds of 12 processes under faults', result.holds, 'rounds'),
    figure('overlapping holds', result.analysis.overlaps.length),
    figure('SIGKILL', result.kills),
    figure('SIGKILL of a holder', result.killsOfHolders),
    figure('SIGSTOP', result.stops),
    figure('SIGSTOP of a holder', result.stopsOfHolders),
    figure('witness refused', result.analysis.refused.length),
    figure('witness waited for a dying process', waited.length),
    figure('longest such wait', Math.max(0, ...waited.map(Math.round)), 'ms'),
  ];
}

/** The same harness on raw proper-lockfile: it must see several holders. */
async function controlFigures(seed: number, failures: string[]): Promise<SoakFigure[]> {
  using root = tempRoot('soak');
  using faulty = tempRoot('soak');
  const raced = await races(RAW_CONTROL, root.path, CONTROL_RACES, seed);
  const soaked = await controlSoak(faulty.path, CONTROL_HOLDS, 4, seed);
  if (raced.doubles.length === 0 || raced.analysis.refused.length === 0)
    failures.push('the control was not caught: the harness is blind');
  return [
    figure('control: races of raw proper-lockfile', raced.rounds, 'rounds'),
    figure('control: races with more than one holder', raced.doubles.length),
    figure('control: holds under faults', soaked.holds, 'rounds'),
    figure('control: overlapping holds', soaked.analysis.overlaps.length),
    figure('control: witness refused', soaked.analysis.refused.length),
  ];
}

interface Store {
  readonly root: TempRoot;
  readonly file: string;
}

function store(): Store {
  const root = tempRoot('soak');
  const db = openSqlite(root.at('store.db'));
  db.pragma('journal_mode = WAL');
  db.exec(
    'CREATE TABLE t (seq INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL, epoch INTEGER NOT NULL)',
  );
  db.close();
  return { root, file: root.at('store.db') };
}

/** All `.writer.*` files are deleted by hand, another process takes over, and the deposed one goes on writing. */
async function depositions(count: number, failures: string[]): Promise<SoakFigure> {
  const { root, file } = store();
  using _root = root;
  await using first = await startPuppet({ dir: root.path, fence: file });
  await using second = await startPuppet({ dir: root.path, fence: file });
  let [holder, successor]: [Puppet, Puppet] = [first, second];
  await holder.ask('acquire');
  let late = 0;
  for (let round = 0; round < count; round++) {
    for (const name of ['.writer.guard', '.writer.lock', '.writer.lock.lock'])
      rmSync(root.at(name), { recursive: true, force: true });
    await successor.ask('acquire');
    const outcome = await holder.ask('write', { text: 'late' }).then(
      () => 'committed',
      (error: { code?: string }) => error.code,
    );
    if (outcome === 'committed') late += 1;
    if (outcome !== 'FENCED') failures.push(`deposition ${round}: ${outcome}`);
    [holder, successor] = [successor, holder];
  }
  return figure(`late rows in ${count} depositions`, late);
}

/** Blocked on main, blocked with a worker heartbeat, stopped, and stopped inside a transaction: never taken. */
async function idleHolders(idleMs: number, failures: string[]): Promise<SoakFigure[]> {
  const kinds = ['blocked', 'blocked, worker heartbeat', 'stopped', 'stopped in a transaction'];
  const refusals = await Promise.all(kinds.map((kind) => idleHolder(kind, idleMs, failures)));
  return [
    figure('holders blocked or stopped for', idleMs / 1_000, 's'),
    figure('of these taken by somebody else', refusals.filter((count) => count < 0).length),
    figure(
      'attempts refused meanwhile',
      refusals.reduce((sum, count) => sum + count, 0),
    ),
  ];
}

async function idleHolder(kind: string, idleMs: number, failures: string[]): Promise<number> {
  const { root, file } = store();
  using _root = root;
  const heartbeat = kind.includes('worker') ? 'worker' : 'main';
  await using holder = await startPuppet({ dir: root.path, fence: file, heartbeat });
  await holder.ask('acquire');
  const busy = kind.startsWith('blocked')
    ? holder.ask('block', { ms: idleMs })
    : kind === 'stopped'
      ? Promise.resolve()
      : holder.ask('stopInWrite', { text: 'inside' });
  if (kind !== 'stopped') await holder.heard('inside');
  if (kind === 'stopped') await holder.signal('SIGSTOP');
  if (kind === 'stopped in a transaction') await holder.stopped(); // it stops itself
  const refused = await tryFor(root.path, idleMs - 2_000);
  await holder.signal('SIGCONT');
  await busy;
  const writes = await holder.ask('write', { text: 'still the writer' }).then(
    () => true,
    () => false,
  );
  if (refused >= 0 && writes) return refused;
  failures.push(`a holder that was ${kind} for ${idleMs} ms lost its place`);
  return -1;
}

/** How many attempts were refused; -1 when one was granted. */
async function tryFor(dir: string, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let refused = 0;
  while (performance.now() < end) {
    try {
      const lock = await WriterLock.acquire(dir, { purpose: 'soak' });
      await lock.release();
      return -1;
    } catch (error) {
      if (!isLockError(error, 'LOCK_HELD')) throw error;
      refused += 1;
    }
    await sleep(1_000);
  }
  return refused;
}
