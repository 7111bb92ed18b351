import { ManifestWriter, publishArchive, publishMonth } from '@tb/history';
import type { Layout } from '@tb/schema';
import { runWorker } from '../worker/run-worker.ts';
import type { HistoryEvent, HistoryJob } from './history-worker.ts';

export interface HistoryTools {
  readonly layout: Layout;
  readonly signal: AbortSignal;
  /** For the lock of market_data, ms. */
  readonly waitMs: number;
  readonly onPublished?: ((count: number) => void) | undefined;
}

/** Lets a worker build, and publishes each part as it comes, under the lock of market_data for a moment at a time. */
export async function buildAndPublish(job: HistoryJob, tools: HistoryTools): Promise<number> {
  let last: Promise<void> = Promise.resolve();
  let count = 0;
  const publish = async (event: HistoryEvent): Promise<void> => {
    await using writer = await ManifestWriter.open({
      layout: tools.layout,
      purpose: job.task,
      waitMs: tools.waitMs,
      signal: tools.signal,
    });
    if (event.type === 'month') await publishMonth(writer, event.month);
    else await publishArchive(writer, event.archive);
    count += 1; // not in the call: without a listener its argument is not evaluated
    tools.onPublished?.(count);
  };
  const stop = new AbortController();
  const run = runWorker('history/history-worker.js', job, {
    signal: AbortSignal.any([tools.signal, stop.signal]),
    onEvent: (event) => {
      last = last.then(() => publish(event as HistoryEvent)); // what the worker emits
      last.catch(() => stop.abort());
    },
  });
  const [ended] = await Promise.allSettled([run]);
  await last;
  if (ended.status === 'rejected') throw ended.reason;
  return count;
}
