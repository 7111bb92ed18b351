import { join } from 'node:path';
import { LockError } from './errors.ts';
import type { EventListener } from './event.ts';
import { checkEpoch, type FencedWriter } from './fence.ts';
import { fileError } from './file-error.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Lock } from './lock.ts';
import { GUARD, type OsGuard } from './os-guard.ts';
import { type Ownership, ownsFiles } from './ownership.ts';
import { overwriteRecord, type WriterRecord } from './record.ts';
import type { Slot } from './registry.ts';
import type { SqliteDatabase } from './sqlite.ts';

export interface HeldParts {
  readonly record: WriterRecord;
  readonly ownership: Ownership;
  readonly guard: OsGuard;
  readonly slot: Slot;
  readonly writer: FencedWriter | undefined;
  readonly notify: EventListener;
}

/** A granted lock, until it is released or lost. */
export class HeldLock implements Lock {
  readonly dir: string;
  readonly epoch: number;
  readonly token: string;
  readonly #parts: HeldParts;
  readonly #aborter = new AbortController();
  #heartbeat: Heartbeat | undefined;
  #released: Promise<void> | undefined;
  #lost: LockError | undefined;

  constructor(parts: HeldParts) {
    this.dir = parts.ownership.dir;
    this.epoch = parts.record.epoch;
    this.token = parts.record.token;
    this.#parts = parts;
    parts.slot.hold(this.token, () => this.#exit());
  }

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** @internal The heartbeat is started last, and reports to this lock from then on. */
  beatWith(heartbeat: Heartbeat): void {
    this.#heartbeat = heartbeat;
  }

  assertHeld(): void {
    this.#assertUsable();
    if (this.#parts.guard.intact()) return;
    throw this.lose(new Error(`${join(this.dir, GUARD)} was deleted or replaced`));
  }

  write<T>(body: (db: SqliteDatabase) => T): T {
    this.#assertUsable();
    const { writer } = this.#parts;
    if (writer === undefined)
      throw new TypeError('lock.write needs the fence database that was given to acquire');
    return writer.run(body, (error) => this.lose(error));
  }

  checkEpoch(db: SqliteDatabase): void {
    this.#assertUsable();
    try {
      checkEpoch(db, this);
    } catch (error) {
      if (error instanceof LockError) this.lose(error);
      throw error;
    }
  }

  release(): Promise<void> {
    this.#released ??= this.#lost === undefined ? this.#release() : Promise.resolve();
    return this.#released;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }

  /** @internal Called once: aborts `signal`, frees what is still ours. Returns the error that callers get from now on. */
  lose(cause: Error): LockError {
    if (this.#lost !== undefined) return this.#lost;
    const lost =
      cause instanceof LockError
        ? cause
        : new LockError('LOCK_LOST', `The writer lock of ${this.dir} was lost: ${cause.message}`, {
            cause,
          });
    this.#lost = lost;
    if (this.#released !== undefined) return lost; // a heartbeat in its last moment; the place was given back
    const report = (error: Error): void =>
      this.#parts.notify({ type: 'heartbeat-failed', cause: error });
    this.#heartbeat?.stop().catch(report); // synchronous up to its end, unless it beats on a worker
    try {
      this.#giveBack();
    } catch (error) {
      report(error as Error); // the loss is the news; what could not be tidied is told beside it
    }
    this.#aborter.abort(lost);
    this.#parts.notify({ type: 'lost', cause: lost });
    return lost;
  }

  #assertUsable(): void {
    if (this.#lost !== undefined) throw this.#lost;
    if (this.#released !== undefined)
      throw new LockError('LOCK_RELEASED', `The writer lock of ${this.dir} was released`);
  }

  async #release(): Promise<void> {
    const { notify } = this.#parts;
    notify({ type: 'step', step: 'release-marked' });
    try {
      await this.#heartbeat?.stop();
      notify({ type: 'step', step: 'directory-removed' });
    } catch (error) {
      throw fileError(error, this.dir);
    } finally {
      this.#giveBack();
    }
  }

  /** The process ends: the same, without waiting. */
  #exit(): void {
    if (this.#released !== undefined || this.#lost !== undefined) return;
    this.#released = Promise.resolve();
    try {
      this.#heartbeat?.stopSync();
    } finally {
      this.#giveBack();
    }
  }

  /** Record, then the guard: from then on another process may be the writer. */
  #giveBack(): void {
    const { record, ownership, guard, notify, slot } = this.#parts;
    try {
      if (ownsFiles(ownership))
        overwriteRecord(this.dir, {
          ...record,
          state: 'released',
          releasedAt: new Date().toISOString(),
        });
      notify({ type: 'step', step: 'record-released' });
    } catch (error) {
      throw fileError(error, this.dir);
    } finally {
      guard.close();
      slot.free();
      notify({ type: 'step', step: 'guard-closed' });
    }
  }
}
