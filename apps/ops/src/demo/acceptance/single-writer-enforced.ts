import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseManager, initialiseRoot } from '@tb/manager';
import { layoutOf } from '@tb/schema';
import { type Child, startChild, wallMs } from '../child.ts';
import type { ContenderJob, ContenderMessage } from '../contender-worker.ts';
import type { Acceptance } from './acceptance.ts';

const CONTENDERS = 8;
const START_IN_MS = 600;
/** The fence inside the database, or before it the look at the guard file, whichever sees it first. */
const REFUSALS: readonly string[] = ['FENCED', 'LOCK_LOST'];

/**
 * N processes race for one writer lock and one wins. Then the winner is stopped (SIGSTOP), its lock files are deleted by
 * hand, a second writer takes over, and the first wakes up: the epoch inside the database refuses its row.
 */
export async function singleWriterEnforced(root: string): Promise<Acceptance> {
  await initialiseRoot(layoutOf(root));
  const race = await raceOnce(root);
  const fence = await deposeOnce(root);
  return judgeSingleWriter(race, fence);
}

/** One winner, everybody else refused, and no row of the deposed writer. */
export function judgeSingleWriter(
  race: { readonly winners: number; readonly held: number },
  fence: { readonly code: string; readonly rows: number },
): Acceptance {
  const { winners, held } = race;
  const isFenced = REFUSALS.includes(fence.code) && fence.rows === 0;
  return {
    name: 'Single writer enforced',
    isPassed: winners === 1 && held === CONTENDERS - 1 && isFenced,
    figure: `${CONTENDERS} processes raced: ${winners} won, ${held} got LOCK_HELD; a deposed writer got ${fence.code}, ${fence.rows} of its rows committed`,
  };
}

function contend(
  root: string,
  name: string,
  isHolding: boolean,
  startMs: number,
): Child<ContenderMessage> {
  return startChild<ContenderMessage>('contender-worker.js', {
    root,
    name,
    isHolding,
    startMs,
  } satisfies ContenderJob);
}

async function raceOnce(root: string): Promise<{ winners: number; held: number }> {
  const startMs = wallMs() + START_IN_MS;
  const children = Array.from({ length: CONTENDERS }, (_value, at) =>
    contend(root, `racer ${at + 1}`, true, startMs),
  );
  const answers = await Promise.all(
    children.map((child) =>
      child.waitFor((message) => message.type === 'won' || message.type === 'refused'),
    ),
  );
  // The winner has held the lock until every other process had its answer.
  await Promise.all(children.map((child) => child.stop()));
  return {
    winners: answers.filter((answer) => answer.type === 'won').length,
    held: answers.filter((answer) => answer.type === 'refused' && answer.code === 'LOCK_HELD')
      .length,
  };
}

async function deposeOnce(root: string): Promise<{ code: string; rows: number }> {
  const folder = layoutOf(root).lockDir('trading');
  const deposed = contend(root, 'deposed', true, wallMs());
  await deposed.waitFor((message) => message.type === 'won');
  deposed.kill('SIGSTOP');
  for (const name of ['.writer.guard', '.writer.lock', '.writer.lock.lock'])
    await rm(join(folder, name), { recursive: true, force: true });
  const successor = contend(root, 'successor', false, wallMs());
  await successor.waitFor((message) => message.type === 'wrote');
  deposed.kill('SIGCONT');
  deposed.send({ type: 'stop' });
  const answer = await deposed.waitFor(
    (message) => message.type === 'wrote' || message.type === 'write_refused',
  );
  await Promise.all([deposed.ended, successor.ended]);
  await using manager = await DatabaseManager.open({ root, role: 'reader' });
  const rows = await manager.read('trading', (db) =>
    db.selectFrom('execution_log').select('id').where('event', '=', 'written by deposed').execute(),
  );
  return { code: answer.type === 'write_refused' ? answer.code : 'no refusal', rows: rows.length };
}
