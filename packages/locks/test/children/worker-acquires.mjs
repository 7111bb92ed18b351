// A worker thread: acquires, tells the outcome, and keeps what it got.
import { parentPort, workerData } from 'node:worker_threads';
import { WriterLock } from '@tb/locks';

try {
  globalThis.lock = await WriterLock.acquire(workerData.dir, { purpose: 'worker' });
  parentPort.postMessage({ epoch: globalThis.lock.epoch });
} catch (error) {
  parentPort.postMessage({ code: error.code, reason: error.reason, hint: error.hint });
}
parentPort.once('message', async () => {
  await globalThis.lock?.release();
  parentPort.close();
});
