import { isLockError, type SqliteDatabase, type WriterLock } from '@tb/locks';
import type { Layout } from '@tb/schema';
import { CandleBuilder } from './candle-builder.ts';
import { findClosed } from './candle-store.ts';
import { LiveError } from './errors.ts';
import type { LiveEvent, LiveEventHandler, LiveStep } from './event.ts';
import { Statements } from './statements.ts';
import type { WriterState } from './writer-state.ts';

export interface WriterParts {
  readonly layout: Layout;
  readonly exchange: string;
  readonly db: SqliteDatabase;
  readonly lock: WriterLock;
  readonly state: WriterState;
  readonly now: () => bigint;
  readonly onEvent: LiveEventHandler | undefined;
}

/** SQLite's ways to say that the disk has no room: a real ENOSPC, a quota, a limit of the file size. */
const DISK_FULL: ReadonlySet<string> = new Set([
  'SQLITE_FULL',
  'SQLITE_IOERR_WRITE',
  'SQLITE_IOERR_SHMSIZE',
]);

/** live.db, its lock and the writer's memory: every change goes through `transact`. */
export class Writer {
  readonly layout: Layout;
  readonly exchange: string;
  readonly db: SqliteDatabase;
  readonly lock: WriterLock;
  readonly state: WriterState;
  readonly statements: Statements;
  readonly builder: CandleBuilder;
  readonly now: () => bigint;
  readonly #onEvent: LiveEventHandler | undefined;
  readonly #aborter = new AbortController();
  #end: LiveError | Error | undefined;

  constructor(parts: WriterParts) {
    this.layout = parts.layout;
    this.exchange = parts.exchange;
    this.db = parts.db;
    this.lock = parts.lock;
    this.state = parts.state;
    this.now = parts.now;
    this.#onEvent = parts.onEvent;
    this.statements = new Statements(parts.db);
    this.builder = new CandleBuilder((sid, day, start) =>
      findClosed(this.statements, sid, day, start),
    );
    parts.lock.signal.addEventListener('abort', this.#lockLost);
  }

  /** Aborts when the writer can no longer write. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  get isFailed(): boolean {
    return this.#aborter.signal.aborted;
  }

  emit(event: LiveEvent): void {
    this.#onEvent?.(event);
  }

  step(step: LiveStep): void {
    this.emit({ type: 'step', step });
  }

  /** @throws what ended the writer, or `LIVE_CLOSED`. */
  assertUsable(): void {
    if (this.#end !== undefined) throw this.#end;
  }

  /**
   * Runs `body` in one fenced transaction. A throw rolls back live.db and the candle builder, and nothing is changed;
   * after a success the builder's changes are accepted.
   * @throws `DISK_FULL`, retryable; `LIVE_FAILED` and the errors of a lost lock, which end the writer: a failed fsync is
   * never tried again, and recovery is the start path.
   */
  transact<T>(body: () => T): T {
    this.assertUsable();
    let result: T;
    try {
      result = this.lock.write(body);
    } catch (error) {
      this.builder.rollBack();
      throw this.judge(error);
    }
    this.builder.accept();
    return result;
  }

  /** Ends the writer: from now on every call gets this error. */
  fail(error: Error): Error {
    if (this.#end !== undefined) return this.#end;
    this.#end = error;
    this.#aborter.abort(error);
    this.emit({ type: 'failed', error });
    return error;
  }

  /** What an error of live.db means: `DISK_FULL`, busy, or the end of the writer. Others are returned as they are. */
  judge(error: unknown): unknown {
    const sqliteCode = sqliteCodeOf(error);
    if (DISK_FULL.has(sqliteCode))
      return new LiveError('DISK_FULL', `live.db of ${this.exchange} cannot grow: ${sqliteCode}`, {
        cause: error,
      });
    if (sqliteCode.startsWith('SQLITE_BUSY')) return error;
    if (sqliteCode !== '')
      return this.fail(
        new LiveError('LIVE_FAILED', `live.db of ${this.exchange} failed: ${sqliteCode}`, {
          cause: error,
        }),
      );
    return isLockError(error) ? this.fail(error) : error;
  }

  close(): void {
    this.lock.signal.removeEventListener('abort', this.#lockLost);
    this.#end ??= new LiveError('LIVE_CLOSED', `The live buffer of ${this.exchange} is closed`);
  }

  readonly #lockLost = (): void => {
    this.fail(this.lock.signal.reason as Error);
  };
}

/** SQLite's own code of an error or of what it wraps; '' when it is none of SQLite's. */
function sqliteCodeOf(error: unknown): string {
  for (let at = error; typeof at === 'object' && at !== null; at = (at as Error).cause) {
    const { code, name } = at as { code?: unknown; name?: unknown };
    if (name === 'SqliteError' && typeof code === 'string') return code;
  }
  return '';
}

export function isBusy(error: unknown): boolean {
  return sqliteCodeOf(error).startsWith('SQLITE_BUSY');
}
