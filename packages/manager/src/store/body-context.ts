import { AsyncLocalStorage } from 'node:async_hooks';
import type { StoreName } from '@tb/schema';
import type { TransactionScope } from './transaction-scope.ts';

/** A write or read whose body is running; `outer` is the one around it. */
export interface RunningBody {
  readonly access: 'read' | 'write';
  readonly store: StoreName;
  readonly scope: TransactionScope<unknown>;
  readonly outer: RunningBody | undefined;
}

/**
 * Knows in which bodies the current call stands, across awaits: a nested write would wait for itself for ever. A call
 * that a body left behind and that runs after its end does not stand in it any more.
 */
export class BodyContext {
  readonly #storage = new AsyncLocalStorage<RunningBody>();

  /** The innermost open body around this call that fits. */
  find(fits: (body: RunningBody) => boolean): RunningBody | undefined {
    let body = this.#storage.getStore();
    while (body && !(body.scope.isOpen && fits(body))) body = body.outer;
    return body;
  }

  run<T>(body: Omit<RunningBody, 'outer'>, work: () => Promise<T>): Promise<T> {
    return this.#storage.run({ ...body, outer: this.#storage.getStore() }, work);
  }
}
