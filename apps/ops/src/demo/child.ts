import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { OpsError } from '../errors.ts';

/** A long-running process of the demo, and what it says. */
export interface Child<Message> {
  readonly pid: number;
  /** Every message so far; grows. */
  readonly messages: readonly Message[];
  /** The first message, old or new, for which `test` holds. @throws `WORKER_FAILED` when the process ends before it comes. */
  waitFor(test: (message: Message) => boolean): Promise<Message>;
  send(message: unknown): void;
  kill(signal: NodeJS.Signals): void;
  /** Asks it to stop, and waits for its end. */
  stop(): Promise<void>;
  readonly ended: Promise<void>;
}

/** @param path Of the built file below dist/demo. */
export function startChild<Message>(path: string, job: unknown): Child<Message> {
  const file = fileURLToPath(new URL(`../../dist/demo/${path}`, import.meta.url));
  const child: ChildProcess = fork(file, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  });
  const messages: Message[] = [];
  const listeners = new Set<() => void>();
  let stderr = '';
  let isEnded = false;
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString()).slice(-4000);
  });
  child.on('message', (message: Message) => {
    messages.push(message);
    for (const listener of listeners) listener();
  });
  const ended = once(child, 'close').then(() => {
    isEnded = true;
    for (const listener of listeners) listener();
  });
  const send = (message: object): void => {
    // A child that ended meanwhile is told by `ended`, not by an error of the pipe to it.
    if (child.connected) child.send(message, () => undefined);
  };
  send({ type: 'job', job });
  return {
    pid: child.pid ?? 0,
    messages,
    ended,
    waitFor: (test) =>
      new Promise((resolve, reject) => {
        let seen = 0;
        const look = (): void => {
          for (; seen < messages.length; seen += 1) {
            const message = messages[seen] as Message;
            if (!test(message)) continue;
            listeners.delete(look);
            resolve(message);
            return;
          }
          if (!isEnded) return;
          listeners.delete(look);
          reject(
            new OpsError(
              'WORKER_FAILED',
              `${path} (pid ${child.pid}) ended: ${stderr.trim() || 'without a word'}`,
            ),
          );
        };
        listeners.add(look);
        look();
      }),
    send: (message) => send(message as object),
    kill: (signal) => void child.kill(signal),
    stop: async () => {
      send({ type: 'stop' });
      await ended;
    },
  };
}

/** The child's side: takes the job, runs until it is done or told to stop. Dies with its parent. */
export function serveChild<Job, Message>(
  run: (job: Job, say: (message: Message) => void, stop: AbortSignal) => Promise<void>,
): void {
  const stop = new AbortController();
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.on('message', (message: { type: string; job?: Job }) => {
    if (message.type === 'stop') stop.abort();
    if (message.type !== 'job') return;
    const say = (answer: Message): void => void process.send?.(answer as object);
    run(message.job as Job, say, stop.signal)
      .catch((error: unknown) => {
        process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
        process.exitCode = 1;
      })
      .finally(() => {
        process.removeAllListeners('disconnect');
        process.removeAllListeners('message');
        process.disconnect?.();
      });
  });
}

/** Wall clock in ms with fractions, the same in every process of a machine. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
