import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import {
  type Heartbeat,
  type HeartbeatListener,
  removeDirectory,
  startHeartbeat,
} from './heartbeat.ts';
import type { PlainError, WorkerMessage } from './heartbeat-worker.ts';
import { type Ownership, ownsFiles } from './ownership.ts';

/**
 * Beats on a thread of its own, so that a blocked event loop does not look silent to other hosts and containers. Only
 * that thread touches the directory: a touch from another one reads as compromised.
 */
export async function startWorkerHeartbeat(
  ownership: Ownership,
  listener: HeartbeatListener,
): Promise<Heartbeat> {
  // The built file, from src as from dist: a worker cannot load TypeScript on Node 20.
  const worker = new Worker(new URL('../dist/heartbeat-worker.js', import.meta.url), {
    workerData: ownership,
  });
  const [first] = (await once(worker, 'message')) as [WorkerMessage]; // rejects on the worker's 'error'
  if (first.type === 'refused') {
    await worker.terminate();
    throw revive(first.cause);
  }
  worker.unref();
  return new WorkerBeat(worker, ownership, listener);
}

class WorkerBeat implements Heartbeat {
  readonly #worker: Worker;
  readonly #ownership: Ownership;
  readonly #listener: HeartbeatListener;
  #stopped = false;
  /** Takes over when the worker dies. */
  #substitute: Promise<Heartbeat> | undefined;

  constructor(worker: Worker, ownership: Ownership, listener: HeartbeatListener) {
    this.#worker = worker;
    this.#ownership = ownership;
    this.#listener = listener;
    worker.on('message', (message: WorkerMessage) => this.#heard(message));
    worker.on('error', (error) => this.#died(error));
    worker.on('exit', (code) => this.#died(new Error(`The heartbeat thread ended with ${code}`)));
  }

  async stop(): Promise<void> {
    const running = !this.#stopped;
    this.#stopped = true;
    if (running && this.#substitute === undefined) {
      this.#worker.ref();
      const ended = once(this.#worker, 'exit');
      this.#worker.postMessage('stop');
      await ended;
    }
    await this.#substitute?.then((heartbeat) => heartbeat.stop());
    this.stopSync();
  }

  stopSync(): void {
    this.#stopped = true;
    if (ownsFiles(this.#ownership)) removeDirectory(this.#ownership.dir);
  }

  #heard(message: WorkerMessage): void {
    if (this.#stopped) return;
    if (message.type === 'restored') this.#listener.restored(revive(message.cause));
    if (message.type === 'failed') this.#listener.failed(revive(message.cause));
    if (message.type === 'lost') this.#listener.lost(revive(message.cause));
  }

  /** A heartbeat that stopped would look like a dead holder elsewhere: go on, on this thread. */
  #died(cause: Error): void {
    if (this.#stopped || this.#substitute !== undefined) return;
    if (!ownsFiles(this.#ownership)) {
      this.#stopped = true;
      this.#listener.lost(cause);
      return;
    }
    removeDirectory(this.#ownership.dir);
    this.#substitute = startHeartbeat(this.#ownership, this.#listener);
    this.#substitute.then(
      () => this.#listener.restored(cause),
      (error: Error) => this.#listener.failed(error),
    );
  }
}

function revive(plain: PlainError): Error {
  return Object.assign(
    new Error(plain.message),
    plain.code === undefined ? {} : { code: plain.code },
  );
}
