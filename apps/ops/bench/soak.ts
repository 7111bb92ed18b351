/** `pnpm soak ops [--rounds N] [--minutes M]`: backups taken under write load, each restored and compared with the ledger. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openSqlite } from '@tb/locks';
import { initialiseRoot } from '@tb/manager';
import { type Layout, layoutOf } from '@tb/schema';
import { restore } from '../src/backup/restore.ts';
import { takeBackups } from '../src/backup/take-backup.ts';

const WRITER = fileURLToPath(new URL('./children/fast-trading-writer.mjs', import.meta.url));
const WRITES_PER_SECOND = 1000;
const BACKUPS_A_ROUND = 5;
const signal = new AbortController().signal;

interface Round {
  readonly backups: number;
  readonly writes: number;
  readonly seconds: number;
}

/**
 * Each round: a writer commits numbered rows at 1,000/s while backups are taken; every backup is restored beside and must hold
 * the rows 1 ... n for some n between what was acknowledged before it began and after it ended.
 * @throws when one does not.
 */
export async function run(options: {
  minutes: number;
  rounds: number | undefined;
}): Promise<Record<string, number>> {
  const rounds = options.rounds ?? 20;
  const roundMs = (options.minutes * 60_000) / rounds;
  const folder = await mkdtemp(join(tmpdir(), 'tb-soak-backup-'));
  try {
    const layout = layoutOf(join(folder, 'data'));
    await initialiseRoot(layout);
    const done: Round[] = [];
    for (let round = 0; round < rounds; round += 1)
      done.push(await oneRound(layout, folder, round, roundMs));
    const sum = (pick: (round: Round) => number): number =>
      done.reduce((total, each) => total + pick(each), 0);
    return {
      rounds,
      backups: sum((each) => each.backups),
      writes: sum((each) => each.writes),
      writesPerSecond: Math.round(sum((each) => each.writes) / sum((each) => each.seconds)),
      violations: 0,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function oneRound(
  layout: Layout,
  folder: string,
  round: number,
  roundMs: number,
): Promise<Round> {
  const child: ChildProcess = fork(WRITER, [layout.root, String(WRITES_PER_SECOND)], {
    execArgv: [],
  });
  let acked = 0;
  child.on('message', (number: number) => {
    acked = number;
  });
  await once(child, 'message');
  const [first, startedMs] = [acked, performance.now()];
  for (let at = 0; at < BACKUPS_A_ROUND; at += 1) {
    await sleep(roundMs / BACKUPS_A_ROUND);
    const before = acked;
    const [taken] = await takeBackups(['trading'], { layout, signal });
    // Not what this process was told by now: it heard nothing while the copy was made.
    const after = rowsIn(layout.storeDb('trading')).count;
    const target = join(folder, `restored-${round}-${at}`);
    await restore({ database: 'trading', id: taken!.id, to: target }, { layout, signal });
    checkRows(join(target, 'trading.db'), before, after);
    await rm(target, { recursive: true });
  }
  const seconds = (performance.now() - startedMs) / 1000;
  child.send('stop');
  await once(child, 'exit');
  return { backups: BACKUPS_A_ROUND, writes: acked - first, seconds };
}

function checkRows(path: string, least: number, most: number): void {
  const { count, highest } = rowsIn(path);
  if (count !== highest || count < least || count > most)
    throw new Error(
      `The backup has ${count} rows up to ${highest}; ${least} were acknowledged before it began, at most ${most} can be there`,
    );
}

function rowsIn(path: string): { readonly count: number; readonly highest: number } {
  const db = openSqlite(path, { readonly: true });
  try {
    const read = (what: string): number =>
      Number(db.prepare(`SELECT ${what} FROM execution_log`).pluck().get());
    return { count: read('count(*)'), highest: read('max(CAST(event AS INTEGER))') };
  } finally {
    db.close();
  }
}
