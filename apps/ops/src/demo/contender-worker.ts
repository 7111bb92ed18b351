import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseManager, logExecution } from '@tb/manager';
import { serveChild, wallMs } from './child.ts';

export interface ContenderJob {
  readonly root: string;
  /** All contenders start at this instant, wall clock ms. */
  readonly startMs: number;
  /** Whether the winner holds the lock until it is told to stop; then it writes. */
  readonly isHolding: boolean;
  readonly name: string;
}

export type ContenderMessage =
  | { readonly type: 'won'; readonly tookMs: number }
  | { readonly type: 'refused'; readonly code: string }
  | { readonly type: 'wrote' }
  | { readonly type: 'write_refused'; readonly code: string };

/** Races for the writer lock of the trading database; the winner writes one row after its hold. */
serveChild<ContenderJob, ContenderMessage>(async (job, say, stop) => {
  await sleep(Math.max(0, job.startMs - wallMs()));
  const startedMs = wallMs();
  let manager: DatabaseManager<'execution'>;
  try {
    manager = await DatabaseManager.open({ root: job.root, role: 'execution', purpose: job.name });
  } catch (error) {
    say({ type: 'refused', code: (error as { code?: string }).code ?? String(error) });
    return;
  }
  say({ type: 'won', tookMs: wallMs() - startedMs });
  try {
    if (job.isHolding && !stop.aborted) await once(stop, 'abort');
    await manager.write('trading', (tx) => logExecution(tx, { event: `written by ${job.name}` }));
    say({ type: 'wrote' });
  } catch (error) {
    say({ type: 'write_refused', code: (error as { code?: string }).code ?? String(error) });
  } finally {
    await manager.close();
  }
});
