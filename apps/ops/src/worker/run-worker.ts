import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { causeOf } from '../cause-lines.ts';
import { OpsError } from '../errors.ts';
import type { WorkerReply } from './serve-worker.ts';

export interface RunWorkerOptions {
  /** Called for each named step of the job, in order, while it runs. */
  readonly onStep?: ((step: string) => void) | undefined;
  /** Called for each part of the answer that the job emits. */
  readonly onEvent?: ((event: unknown) => void) | undefined;
  /** Ends the worker; the promise rejects with `INTERRUPTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Variables of the worker besides those of this process. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

/** A worker that has been started and waits for its job. */
export interface Worker<Job, Result> extends Disposable {
  /**
   * Gives it the job, once, and its result back.
   * @throws what the job threw, with name, code, hint and message; `WORKER_FAILED` when the process died; `INTERRUPTED`.
   */
  run(job: Job): Promise<Result>;
  /** Ends a worker that was given no job; any other is left alone. */
  [Symbol.dispose](): void;
}

/**
 * Starts a child process that loads the engine while the caller still prepares the job. For DuckDB work: an engine that aborts
 * on a damaged file takes the worker with it and not the caller.
 *
 * @param path Of the built worker, relative to the root of this package's `dist`, e.g. `rollover/rollover-worker.js`.
 */
export function startWorker<Job, Result>(
  path: string,
  options: RunWorkerOptions = {},
): Worker<Job, Result> {
  const { signal } = options;
  const file = fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
  const child = fork(file, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
    env: { ...process.env, ...options.environment },
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal?.addEventListener('abort', kill, { once: true });
  child.once('close', () => signal?.removeEventListener('abort', kill));
  if (signal?.aborted) kill();
  const result = resultOf<Result>(child, path, options);
  result.catch(() => {}); // it may die before it is given a job; `run` tells
  let isBusy = false;
  return {
    run: (job) => {
      isBusy = true;
      // A worker that is gone does not take it: how it ended is told when it closes.
      if (child.connected) child.send({ type: 'job', job }, () => {});
      return result;
    },
    [Symbol.dispose]: () => {
      if (!isBusy) kill();
    },
  };
}

/** Starts a worker and gives it a job: see `startWorker`. @param job Anything that structured clone takes. */
export async function runWorker<Result>(
  path: string,
  job: unknown,
  options: RunWorkerOptions = {},
): Promise<Result> {
  if (options.signal?.aborted)
    throw new OpsError('INTERRUPTED', 'The job was stopped before it began');
  return await startWorker<unknown, Result>(path, options).run(job);
}

function resultOf<Result>(
  child: ChildProcess,
  path: string,
  { signal, onStep, onEvent }: RunWorkerOptions,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    let reply: WorkerReply | undefined;
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-16_000);
    });
    child.on('message', (message: WorkerReply) => {
      if (message.type === 'step') onStep?.(message.step);
      else if (message.type === 'event') onEvent?.(message.event);
      else reply = message;
    });
    child.on('error', (cause) =>
      reject(new OpsError('WORKER_FAILED', `Worker ${path} did not start`, { cause })),
    );
    child.on('close', (code, killed) => {
      if (reply?.type === 'result') resolve(reply.result as Result);
      else if (reply?.type === 'error') reject(rebuiltError(reply.error));
      else if (signal?.aborted)
        reject(new OpsError('INTERRUPTED', 'The job was stopped; nothing of it was kept'));
      else reject(endOfWorker(path, killed ?? `exit ${code}`, stderr));
    });
  });
}

/**
 * Why a worker ended without an answer. V8 and the engines abort when memory ends; their last words tell that from a crash.
 *
 * @param end Signal or exit code. @param stderr The last of what it wrote.
 */
export function endOfWorker(path: string, end: string, stderr: string): OpsError {
  const words = stderr.trim().split('\n');
  const memory = words.find((line) => /out of memory|bad_alloc/i.test(line));
  if (memory !== undefined)
    return new OpsError('MEMORY_USED_UP', `Worker ${path} ended by ${end}: ${memory.trim()}`);
  const last = words.at(-1) === '' ? '' : `: ${words.at(-1)}`;
  return new OpsError('WORKER_FAILED', `Worker ${path} ended by ${end}${last}`);
}

/** An error of the worker as the caller would have met it: told apart by name and code. */
function rebuiltError(plain: Extract<WorkerReply, { type: 'error' }>['error']): Error {
  const error = new Error(plain.message, { cause: causeOf(plain.causes) });
  error.name = plain.name;
  if (plain.stack !== undefined) error.stack = plain.stack;
  return Object.assign(error, plain.fields);
}
