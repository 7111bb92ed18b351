import { isNativeError } from 'node:util/types';
import { causeLines } from '../cause-lines.ts';
import { toldError } from '../told-error.ts';

/** What a worker sends back. */
export type WorkerReply =
  | { readonly type: 'step'; readonly step: string }
  /** Part of the answer, as soon as it is there. */
  | { readonly type: 'event'; readonly event: unknown }
  | { readonly type: 'result'; readonly result: unknown }
  | {
      readonly type: 'error';
      readonly error: {
        readonly name: string;
        readonly message: string;
        readonly stack: string | undefined;
        /** Of the errors that caused it, nearest first. */
        readonly causes: readonly string[];
        readonly fields: Readonly<Record<string, unknown>>;
      };
    };

/**
 * The whole of a worker file: takes one job, answers, ends. When the parent dies the worker dies at once, so that a rerun
 * meets nobody.
 */
export function serveWorker<Job>(
  handle: (
    job: Job,
    step: (name: string) => void,
    emit: (event: unknown) => void,
  ) => Promise<unknown>,
): void {
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.once('message', (message: { job: Job }) => {
    const step = (name: string): void =>
      void process.send?.({ type: 'step', step: name } satisfies WorkerReply);
    const emit = (event: unknown): void =>
      void process.send?.({ type: 'event', event } satisfies WorkerReply);
    handle(message.job, step, emit).then(
      (result) => answer({ type: 'result', result }),
      (error: unknown) => answer(errorReply(error)),
    );
  });
}

function answer(reply: WorkerReply): void {
  process.send?.(reply, undefined, undefined, () => {
    process.removeAllListeners('disconnect');
    process.disconnect?.();
  });
}

function errorReply(thrown: unknown): WorkerReply {
  const error = toldError(thrown); // here, because only name, code, hint and messages travel
  if (!isNativeError(error))
    return {
      type: 'error',
      error: { name: 'Error', message: String(error), stack: undefined, causes: [], fields: {} },
    };
  const { code, hint, retryable } = error as {
    code?: unknown;
    hint?: unknown;
    retryable?: unknown;
  };
  return {
    type: 'error',
    error: {
      name: error.name,
      message: error.message,
      stack: error.stack,
      causes: causeLines(error),
      fields: { code, hint, retryable },
    },
  };
}
