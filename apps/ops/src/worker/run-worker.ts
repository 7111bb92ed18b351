import { fork } from 'node:child_process';
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

/**
 * Runs one job in a child process and gives its result back. For DuckDB work: an engine that aborts on a damaged file
 * takes the worker with it and not the caller.
 *
 * @param path Of the built worker, relative to the root of this package's `dist`, e.g. `rollover/rollover-worker.js`.
 * @param job Anything that structured clone takes.
 * @throws what the job threw, with name, code, hint and message; `WORKER_FAILED` when the process died; `INTERRUPTED`.
 */
export function runWorker<Result>(
  path: string,
  job: unknown,
  options: RunWorkerOptions = {},
): Promise<Result> {
  const file = fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) {
      reject(new OpsError('INTERRUPTED', `The job was stopped before it began`));
      return;
    }
    const child = fork(file, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: { ...process.env, ...options.environment },
    });
    let reply: WorkerReply | undefined;
    let stderr = '';
    const abort = (): void => void child.kill('SIGKILL');
    options.signal?.addEventListener('abort', abort, { once: true });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-16_000);
    });
    child.on('message', (message: WorkerReply) => {
      if (message.type === 'step') options.onStep?.(message.step);
      else if (message.type === 'event') options.onEvent?.(message.event);
      else reply = message;
    });
    child.on('error', (cause) =>
      reject(new OpsError('WORKER_FAILED', `Worker ${path} did not start`, { cause })),
    );
    child.on('close', (code, signal) => {
      options.signal?.removeEventListener('abort', abort);
      if (reply?.type === 'result') resolve(reply.result as Result);
      else if (reply?.type === 'error') reject(rebuiltError(reply.error));
      else if (options.signal?.aborted)
        reject(new OpsError('INTERRUPTED', 'The job was stopped; nothing of it was kept'));
      else reject(endOfWorker(path, signal ?? `exit ${code}`, stderr));
    });
    child.send({ type: 'job', job });
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
