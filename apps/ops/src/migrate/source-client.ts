import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { OpsError } from '../errors.ts';
import type { OpenJob } from './worker/open-source.ts';
import { type Answer, type Call, rebuiltError } from './worker/rpc.ts';
import type { SourceMethod, SourceSession } from './worker/source-session.ts';

// The built file, from src and from dist alike: the child runs without a loader.
const WORKER = fileURLToPath(
  new URL('../../dist/migrate/worker/source-worker.js', import.meta.url),
);

type Argument<M extends SourceMethod> =
  Parameters<SourceSession[M]> extends [infer A] ? A : undefined;
type Result<M extends SourceMethod> = Awaited<ReturnType<SourceSession[M]>>;

/** The parent's end of the worker that holds the source open. */
export class SourceClient implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  readonly #ended: Promise<void>;
  #next = 1;
  #failure: OpsError | undefined;
  #stderr = '';

  private constructor(child: ChildProcess, signal: AbortSignal | undefined) {
    this.#child = child;
    const stop = (): void => this.#interrupt();
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted) stop();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-2000);
    });
    child.on('message', (answer: Answer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('error' in answer) waiting?.reject(rebuiltError(answer.error));
      else waiting?.resolve(answer.result);
    });
    child.on('error', (cause) => this.#fail('did not start', cause));
    this.#ended = new Promise((resolve) => {
      // Not 'close': Node 20 does not emit it after disconnect() with advanced serialisation.
      child.once('exit', (code, killedBy) => {
        this.#fail(
          `ended by ${killedBy ?? `exit ${code}`} ${this.#stderr.trim().split('\n').pop() ?? ''}`.trim(),
        );
        signal?.removeEventListener('abort', stop);
        resolve();
      });
    });
  }

  /**
   * Starts the worker and lets it open the source.
   * @throws `SOURCE_BUSY`, `SOURCE_NEWER`, `SOURCE_DAMAGED`, `INPUT_UNREADABLE`, `WORKER_FAILED`
   */
  static async open(
    job: OpenJob & { readonly root: string },
    signal?: AbortSignal,
  ): Promise<SourceClient> {
    const child = fork(WORKER, [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
    });
    const client = new SourceClient(child, signal);
    try {
      await client.#send('open', job);
      return client;
    } catch (error) {
      await client.close();
      throw error;
    }
  }

  /** Calls one method of the session in the worker. @throws what it throws; `WORKER_FAILED` when the process died; `INTERRUPTED`. */
  async call<M extends SourceMethod>(
    method: M,
    ...[argument]: Argument<M> extends undefined ? [] : [Argument<M>]
  ): Promise<Result<M>> {
    return (await this.#send(method, argument)) as Result<M>;
  }

  #send(method: string, argument: unknown): Promise<unknown> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, method, argument } satisfies Call);
    });
  }

  /** What is asked for is asked again by the next run: the worker may be stopped at any point. */
  #interrupt(): void {
    this.#failWith(new OpsError('INTERRUPTED', 'The migration was stopped'));
    if (this.#child.connected) this.#child.disconnect();
  }

  #fail(observed: string, cause?: unknown): void {
    this.#failWith(
      new OpsError('WORKER_FAILED', `The process that reads the source ${observed}`, { cause }),
    );
  }

  /** The first failure is the cause; what follows from it is not told. */
  #failWith(failure: OpsError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  /** Ends the worker. May be called twice. */
  async close(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
