/**
 * Holds resources until they are moved out or disposed of, newest first: what an `open*` factory needs so that a throw
 * half way gives everything back. The subset of AsyncDisposableStack that @tb uses; replace it when Node 24 is the floor.
 *
 * ```ts
 * await using held = new Disposal();
 * const lock = held.use(await WriterLock.acquire(dir));
 * held.defer(() => void db.close());
 * return new Store(db, held.move()); // success: ownership moves out
 * ```
 */
export class Disposal implements AsyncDisposable {
  #steps: (() => unknown)[] = [];

  /** Takes over a resource and returns it. */
  use<T extends AsyncDisposable | Disposable>(resource: T): T {
    this.#steps.push(
      Symbol.asyncDispose in resource
        ? () => resource[Symbol.asyncDispose]()
        : () => resource[Symbol.dispose](),
    );
    return resource;
  }

  /** Adds a step, sync or async. */
  defer(step: () => unknown): void {
    this.#steps.push(step);
  }

  /** Moves everything into a new Disposal; this one then holds nothing. */
  move(): Disposal {
    const moved = new Disposal();
    moved.#steps = this.#steps;
    this.#steps = [];
    return moved;
  }

  /**
   * Runs the steps, last in first out, each awaited. A step that fails does not stop the others; one failure is thrown
   * as it is, several as an AggregateError. A second call does nothing.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1)
      throw new AggregateError(failures, `${failures.length} steps of a disposal failed`);
  }
}
