// A worker thread takes the lock and is terminated; the process lives on.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { WriterLock } from '@tb/locks';

const { dir } = JSON.parse(process.argv[2]);
const worker = new Worker(new URL('./worker-acquires.mjs', import.meta.url), {
  workerData: { dir },
});
const [taken] = await once(worker, 'message');
await worker.terminate();
const outcome = await WriterLock.acquire(dir, { purpose: 'main' }).then(
  () => ({ code: 'granted' }),
  (error) => ({ code: error.code, reason: error.reason, hint: error.hint }),
);
process.stdout.write(
  `{"event":"ready"}\n${JSON.stringify({ id: 1, value: { taken, outcome } })}\n`,
);
process.stdin.resume();
