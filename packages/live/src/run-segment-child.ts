import { type ChildProcess, fork } from 'node:child_process';
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

/** @throws `SEGMENT_JOB` when the child fails or ends without a result: no row has moved. */
export async function buildSegment(
  job: SealJob | CompactJob,
  options: RunOptions,
): Promise<BuiltSegment> {
  const message = await runChild(job, options);
  if (message.type !== 'built') throw new TypeError(`The child answered ${message.type}`);
  return message.built;
}

/** @throws `SEGMENT_JOB` when the file cannot be read, or ends the child. */
export async function inspectSegment(job: InspectJob, signal: AbortSignal): Promise<Inspection> {
  const message = await runChild(job, { onStep: () => {}, signal });
  if (message.type !== 'inspected') throw new TypeError(`The child answered ${message.type}`);
  return message.inspection;
}

function runChild(job: SegmentJob, { onStep, signal }: RunOptions): Promise<ChildMessage> {
  return new Promise((resolve, reject) => {
    const child = fork(CHILD, [], {
      execArgv: [],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      signal,
      killSignal: 'SIGKILL',
    });
    let stderr = '';
    let result: ChildMessage | undefined;
    let failure: unknown;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-STDERR_CHARS);
    });
    child.on('error', (error) => {
      failure ??= error;
    });
    child.on('message', (message: ChildMessage) => {
      if (message.type !== 'step') {
        result = message;
        return;
      }
      try {
        onStep(message.step);
        tell(child, { type: 'go' });
      } catch (error) {
        failure = error;
        child.kill('SIGKILL');
      }
    });
    child.on('close', (code, killed) => {
      if (result !== undefined && result.type !== 'error') resolve(result);
      else reject(jobError(job, result, failure, stderr, killed ?? `exit code ${code}`));
    });
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
