import { parentPort, workerData } from 'node:worker_threads';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import type { Ownership } from './ownership.ts';

/** What the worker tells the thread that holds the lock. Errors cross as message and code. */
export type WorkerMessage =
  | { readonly type: 'started' | 'stopped' }
  | { readonly type: 'refused' | 'restored' | 'failed' | 'lost'; readonly cause: PlainError };

export interface PlainError {
  readonly message: string;
  readonly code: string | undefined;
}

/** The entry of the heartbeat thread: beats until it is told to stop. */
async function main(ownership: Ownership): Promise<void> {
  const tell = (message: WorkerMessage): void => parentPort?.postMessage(message);
  const plain = (cause: Error & { code?: string }): PlainError => ({
    message: cause.message,
    code: cause.code,
  });
  let heartbeat: Heartbeat;
  try {
    heartbeat = await startHeartbeat(ownership, {
      restored: (cause) => tell({ type: 'restored', cause: plain(cause) }),
      failed: (cause) => tell({ type: 'failed', cause: plain(cause) }),
      lost: (cause) => tell({ type: 'lost', cause: plain(cause) }),
    });
  } catch (error) {
    tell({ type: 'refused', cause: plain(error as Error) });
    return;
  }
  tell({ type: 'started' });
  parentPort?.once('message', async () => {
    await heartbeat.stop();
    tell({ type: 'stopped' });
    parentPort?.close();
  });
}

await main(workerData as Ownership);
