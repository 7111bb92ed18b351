import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { LiveError } from './errors.ts';
import type { SegmentStep } from './event.ts';
import type {
  BuiltSegment,
  ChildMessage,
  CompactJob,
  Inspection,
  InspectJob,
  ParentMessage,
  SealJob,
  SegmentJob,
} from './segment-job.ts';

/** Built file, from sources and from dist alike: a child runs without a loader. */
const CHILD = fileURLToPath(new URL('../dist/segment-child.js', import.meta.url));
/** Of what a child says on stderr, so much goes into the error. */
const STDERR_CHARS = 2_000;

export interface RunOptions {
  /** Called before each step of the child; a throw ends the job. */
  readonly onStep: (step: SegmentStep) => void;
  /** Kills the child. */
  readonly signal: AbortSignal;
}

/** A child that has nothing to do ends after this; the next job starts another one. */
const IDLE_MS = 30_000;
/** DuckDB gives its memory back to the allocator, not all of it to the system. */
const JOBS_A_CHILD = 100;

/**
 * Where segments are written, merged and inspected: a child process that is kept for the next job, because to start one
 * blocks the event loop (3 ms, 25 under load) and costs more than to seal 100,000 ticks. One job at a time; a job that
 * fails takes the child with it.
 */
export class SegmentProcess {
  #child: ChildProcess | undefined;
  #jobs = 0;
  #idle: NodeJS.Timeout | undefined;

  /** @throws `SEGMENT_JOB` when the child fails or ends without a result: no row has moved. */
  async build(job: SealJob | CompactJob, options: RunOptions): Promise<BuiltSegment> {
    const message = await this.#run(job, options);
    if (message.type !== 'built') throw new TypeError(`The child answered ${message.type}`);
    return message.built;
  }

  /** @throws `SEGMENT_JOB` when the file cannot be read, or ends the child. */
  async inspect(job: InspectJob, signal: AbortSignal): Promise<Inspection> {
    const message = await this.#run(job, { onStep: () => {}, signal });
    if (message.type !== 'inspected') throw new TypeError(`The child answered ${message.type}`);
    return message.inspection;
  }

  /** Ends the child; no job may be running. */
  async end(): Promise<void> {
    const child = this.#child;
    this.#forget();
    if (child !== undefined) await kill(child);
  }

  async #run(job: SegmentJob, options: RunOptions): Promise<ChildMessage> {
    clearTimeout(this.#idle);
    const child = this.#child ?? this.#start();
    this.#jobs++;
    setAlive(child, true);
    try {
      return await ask(child, job, options);
    } catch (error) {
      this.#forget();
      await kill(child);
      throw error;
    } finally {
      if (this.#child === child) this.#rest(child);
    }
  }

  #start(): ChildProcess {
    const child = start();
    this.#child = child;
    child.once('exit', () => {
      if (this.#child === child) this.#forget(); // also one that somebody killed while it had nothing to do
    });
    return child;
  }

  /** The child waits for the next job, and keeps nobody alive. */
  #rest(child: ChildProcess): void {
    setAlive(child, false);
    this.#idle = setTimeout(() => void this.end(), this.#jobs < JOBS_A_CHILD ? IDLE_MS : 0).unref();
  }

  #forget(): void {
    clearTimeout(this.#idle);
    this.#child = undefined;
    this.#jobs = 0;
  }
}

function start(): ChildProcess {
  const child = fork(CHILD, [], {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  child.on('error', () => {}); // told by the job that runs, see `ask`
  child.stderr?.setEncoding('utf8');
  return child;
}

/** Whether the child, its channel and its stderr keep this process alive. */
function setAlive(child: ChildProcess, isAlive: boolean): void {
  for (const handle of [child, child.channel, child.stderr as unknown as Socket | null])
    if (isAlive) handle?.ref();
    else handle?.unref();
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  setAlive(child, true);
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** One job. Rejects with `SEGMENT_JOB` when the child says so, ends, or `onStep` throws. */
function ask(
  child: ChildProcess,
  job: SegmentJob,
  { onStep, signal }: RunOptions,
): Promise<ChildMessage> {
  return new Promise((resolve, reject) => {
    let stderr = '';
    let failure: unknown;
    const stop = (): void => void child.kill('SIGKILL');
    const onStderr = (text: string): void => {
      stderr = (stderr + text).slice(-STDERR_CHARS);
    };
    const onError = (error: Error): void => {
      failure ??= error;
    };
    const onClose = (code: number | null, killed: string | null): void =>
      settle(() =>
        reject(jobError(job, undefined, failure, stderr, killed ?? `exit code ${code}`)),
      );
    const onMessage = (message: ChildMessage): void => {
      if (message.type === 'step') go(message.step);
      else if (message.type === 'error')
        settle(() => reject(jobError(job, message, failure, stderr, '')));
      else settle(() => resolve(message));
    };
    const go = (step: SegmentStep): void => {
      try {
        onStep(step);
        tell(child, { type: 'go' });
      } catch (error) {
        failure = error;
        stop();
      }
    };
    const settle = (answer: () => void): void => {
      child.off('error', onError).off('close', onClose).off('message', onMessage);
      child.stderr?.off('data', onStderr);
      signal.removeEventListener('abort', stop);
      answer();
    };
    child.on('error', onError).on('close', onClose).on('message', onMessage);
    child.stderr?.on('data', onStderr);
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    tell(child, { type: 'job', job });
  });
}

function tell(child: ChildProcess, message: ParentMessage): void {
  child.send(message, () => {}); // a child that is gone is reported by its `close`
}

function jobError(
  job: SegmentJob,
  result: ChildMessage | undefined,
  failure: unknown,
  stderr: string,
  end: string,
): LiveError {
  const subject = job.kind === 'inspect' ? job.path : `${job.kind} of ${job.tradingDate}`;
  const said = stderr.trim().split('\n').at(-1);
  const detail = result?.type === 'error' ? result.message : said ? `${end}: ${said}` : end;
  const code =
    result?.type === 'error' &&
    (result.code === 'SEGMENT_MISSING' ||
      result.code === 'SEGMENT_CORRUPT' ||
      result.code === 'LIVE_CORRUPT')
      ? result.code
      : 'SEGMENT_JOB';
  return new LiveError(code, `The child process for ${subject} ended with ${detail}`, {
    cause: failure ?? (stderr === '' ? undefined : new Error(stderr.trim())),
  });
}
