import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { initialiseRoot } from '@tb/manager';
import { layoutOf } from '@tb/schema';
import { isOpsError } from '../../errors.ts';
import { runWorker } from '../../worker/run-worker.ts';
import { type Child, startChild } from '../child.ts';
import type { Feed } from '../feed.ts';
import type { IngestorJob, IngestorMessage } from '../ingestor-worker.ts';
import { digestOf, expectedDigest } from '../ledger.ts';
import type { DemoRolloverJob, DemoRolloverResult } from '../rollover-worker.ts';
import type { Acceptance } from './acceptance.ts';

const FEED: Feed = { type: 'generator', seed: 7, symbols: 5, rows: 2000 };

/** Steps tried at the same time, each in a root of its own. */
const AT_ONCE = 2;

/**
 * A small day is rolled over once undisturbed, to learn the steps. Then once for every step: killed there, run again, and
 * read back: the rows equal the ledger of what was sent.
 * @param ledger What must be read back; `maxSteps`: try only so many steps. Both for a test of this test.
 */
export async function rolloverAtomic(
  scratch: string,
  exchange: string,
  tradingDate: string,
  ledger: Feed = FEED,
  maxSteps: number = Number.POSITIVE_INFINITY,
): Promise<Acceptance> {
  const template = join(scratch, 'template');
  await initialiseRoot(layoutOf(template));
  await fill({ root: template, exchange, tradingDate, feed: FEED, after: 0n, rowsPerSecond: 1e9 });
  const expected = await expectedDigest(ledger, exchange, tradingDate);
  const { steps: all } = await inCopy(template, join(scratch, 'undisturbed'), (root) =>
    roll({ root, exchange, tradingDate }),
  );
  const steps = all.slice(0, maxSteps);
  const failed: string[] = [];
  let killed = 0;
  const killAndRerun = async (step: string): Promise<void> =>
    inCopy(template, join(scratch, `killed-${steps.indexOf(step) + 1}`), async (root) => {
      if (await wasKilled(roll({ root, exchange, tradingDate, killAt: step }))) killed += 1;
      await roll({ root, exchange, tradingDate });
      if ((await digestOf(root, exchange, tradingDate)) !== expected) failed.push(step);
    });
  const queue = [...steps];
  const work = async (): Promise<void> => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift())
      await killAndRerun(step);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return {
    name: 'Rollover atomic',
    isPassed: failed.length === 0 && killed === steps.length && steps.length >= 10,
    figure: `killed at ${killed} of ${steps.length} steps and run again: rows equal to the ledger ${steps.length - failed.length} times${failed.length > 0 ? `, NOT after ${failed.join(', ')}` : ''}`,
  };
}

async function fill(job: IngestorJob): Promise<void> {
  const child: Child<IngestorMessage> = startChild('ingestor-worker.js', job);
  await child.waitFor((message) => message.type === 'done');
  await child.ended;
}

function roll(job: DemoRolloverJob): Promise<DemoRolloverResult> {
  return runWorker<DemoRolloverResult>('demo/rollover-worker.js', job);
}

async function wasKilled(run: Promise<unknown>): Promise<boolean> {
  try {
    await run;
    return false;
  } catch (error) {
    if (isOpsError(error, 'WORKER_FAILED')) return true;
    throw error;
  }
}

/** No process has the template open, so a plain copy is whole. */
async function inCopy<T>(
  template: string,
  root: string,
  body: (root: string) => Promise<T>,
): Promise<T> {
  await cp(template, root, { recursive: true });
  return await body(root);
}
