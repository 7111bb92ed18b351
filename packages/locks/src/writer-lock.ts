import { acquireLock } from './acquire.ts';
import type { AcquireOptions } from './acquire-options.ts';
import { type BreakOptions, type BreakResult, breakLock } from './break.ts';
import { inspectLock, type LockInspection } from './inspect.ts';
import type { Lock } from './lock.ts';

/** A lock that was granted: see `Lock`. */
export type WriterLock = Lock;

/** The three things that can be done to a folder's lock from outside. */
export const WriterLock: {
  acquire(dir: string, options: AcquireOptions): Promise<WriterLock>;
  inspect(dir: string): Promise<LockInspection>;
  break(dir: string, options?: BreakOptions): Promise<BreakResult>;
} = { acquire: acquireLock, inspect: inspectLock, break: breakLock };
