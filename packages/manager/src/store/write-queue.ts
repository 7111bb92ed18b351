import { ManagerError } from '../errors.ts';

/** Runs jobs one after the other, in the order they came. A job that fails does not stop the next. */
export class WriteQueue {
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param signal Gives up while the job still waits; once it runs it runs to its end.
   * @throws `WRITE_ABORTED`, or what the job throws
   */
  run<T>(job: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(aborted(signal));
    let hasStarted = false;
    const turn = this.#last.then(() => {
      if (signal?.aborted) throw aborted(signal);
      hasStarted = true;
      return job();
    });
    this.#last = turn.catch(() => undefined); // the caller gets the failure; the next job only wants to know it is over
    if (!signal) return turn;
    return new Promise<T>((resolve, reject) => {
      const onAbort = (): void => {
        if (!hasStarted) reject(aborted(signal));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      void turn.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  /** Settles when every job handed in so far is over. */
  async idle(): Promise<void> {
    await this.#last;
  }
}

function aborted(signal: AbortSignal): ManagerError {
  return new ManagerError('WRITE_ABORTED', 'The signal fired while a write waited for its turn', {
    cause: signal.reason,
  });
}
