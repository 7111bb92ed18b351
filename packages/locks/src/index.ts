export type { AcquireOptions } from './acquire-options.ts';
export { type BreakOptions, type BreakResult, breakLock } from './break.ts';
export { Disposal } from './disposal.ts';
export {
  type ErrorEntry,
  type HeldReason,
  isLockError,
  LockError,
  type LockErrorCode,
  lockErrors,
} from './errors.ts';
export type { EventListener, LockEvent, LockStep } from './event.ts';
export { checkEpoch, FENCE_DDL, type FenceKey } from './fence.ts';
export { inspectLock, type LockInspection, type LockVerdict } from './inspect.ts';
export type { Lock } from './lock.ts';
export { type OpenSqliteOptions, openSqlite, translateSqliteError } from './open-sqlite.ts';
export { type OsGuard, type OsGuardFactory, sqliteGuard } from './os-guard.ts';
export { isLockLeftover, type WriterRecord } from './record.ts';
export type { OpenSqliteDatabase, SqliteDatabase, SqliteStatement } from './sqlite.ts';
export { WriterLock } from './writer-lock.ts';
