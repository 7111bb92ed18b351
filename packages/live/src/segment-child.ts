import { setPriority } from 'node:os';
import type { SegmentStep } from './event.ts';
import { buildFromSegments, buildFromTail } from './segment-build.ts';
import { inspect } from './segment-inspect.ts';
import type { ChildMessage, ParentMessage, SegmentJob } from './segment-job.ts';

// The process that seals, compacts and inspects: DuckDB never runs in the ingestor, where 60k rows blocked the event loop
// for 93 to 108 ms and a damaged file could end the process. One job at a time, until the parent goes or kills it.

/** Behind the ingestor and its readers when both want the processor. */
const BACKGROUND_PRIORITY = 10;

let go: (() => void) | undefined;

function send(message: ChildMessage): void {
  process.send?.(message);
}

/** Steps are taken one by one at the parent's word: a parent that is gone has nobody to list what would be made. */
function announce(step: SegmentStep): Promise<void> {
  return new Promise((resolve) => {
    go = resolve;
    send({ type: 'step', step });
  });
}

async function run(job: SegmentJob): Promise<ChildMessage> {
  if (job.kind === 'inspect') return { type: 'inspected', inspection: await inspect(job) };
  const built =
    job.kind === 'seal'
      ? await buildFromTail(job, announce)
      : await buildFromSegments(job, announce);
  return { type: 'built', built };
}

/** process.exit would abort while DuckDB works in another thread; what is half made is removed at the next start. */
const parentIsGone = (): void => void process.kill(process.pid, 'SIGKILL');

async function answer(job: SegmentJob): Promise<void> {
  let result: ChildMessage;
  try {
    result = await run(job);
  } catch (error) {
    const { message, code } = error as { message?: unknown; code?: unknown };
    result = { type: 'error', message: String(message ?? error), code: String(code ?? '') };
  }
  send(result);
}

process.once('disconnect', parentIsGone);
process.on('message', (message: ParentMessage) => {
  if (message.type === 'go') {
    go?.();
    return;
  }
  setPriority(BACKGROUND_PRIORITY); // not before: the start is not worth the wait
  void answer(message.job);
});
