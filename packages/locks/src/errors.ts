import type { WriterRecord } from './record.ts';

export type LockErrorCode =
  | 'LOCK_HELD'
  | 'GUARD_LOST'
  | 'LOCK_FOREIGN'
  | 'NETWORK_FS'
  | 'DIRECTORY_MISSING'
  | 'GUARD_READONLY'
  | 'GUARD_CORRUPT'
  | 'FENCED'
  | 'LOCK_LOST'
  | 'LOCK_RELEASED'
  | 'PID_MISMATCH'
  | 'LOCK_ABORTED'
  | 'NO_SPACE'
  | 'RECORD_UNWRITABLE'
  | 'NATIVE_MODULE_MISSING'
  | 'NATIVE_MODULE_UNSAFE'
  | 'SQLITE_MISSING'
  | 'SQLITE_DENIED'
  | 'SQLITE_UNREADABLE'
  | 'SQLITE_IO'
  | 'SQLITE_BUSY';

/** Why a lock is held: which of the layers refused. */
export type HeldReason =
  | 'os-lock'
  | 'in-transaction'
  | 'other-tool'
  | 'other-container'
  | 'this-process';

/** One row of docs/errors.md: what `tb` exits with, what causes the code, what to do. */
export interface ErrorEntry {
  readonly exit: 1 | 2 | 3 | 4 | 75;
  readonly cause: string;
  readonly action: string;
}

export const lockErrors: Readonly<Record<LockErrorCode, ErrorEntry>> = {
  LOCK_HELD: {
    exit: 75,
    cause: 'Another process is the writer of this database folder.',
    action:
      'Wait, or stop that process. A stopped one: `kill -CONT PID`, or `tb locks break --kill`.',
  },
  GUARD_LOST: {
    exit: 4,
    cause:
      'The OS lock is free but the recorded holder is alive: its guard was replaced or its lock dropped.',
    action: 'Stop that process and try again; find what opens, copies or deletes `.writer.guard`.',
  },
  LOCK_FOREIGN: {
    exit: 3,
    cause: 'The recorded holder runs on another machine, or its identity cannot be read from here.',
    action: 'Make sure that the other machine is stopped, then `tb locks break --foreign`.',
  },
  NETWORK_FS: {
    exit: 3,
    cause: 'The folder lies on a file system whose locks may not exclude other machines.',
    action: "Move the data root to a local disk, or opt in with networkFs: 'allow'.",
  },
  DIRECTORY_MISSING: {
    exit: 3,
    cause: 'The database folder does not exist or is not a folder.',
    action: 'Create it with `tb init`, or correct the path.',
  },
  GUARD_READONLY: {
    exit: 3,
    cause:
      'The guard, the database or the folder is not writable: a lock on it would lock nothing.',
    action: 'Correct owner and mode of the folder and its `.writer.*` files.',
  },
  GUARD_CORRUPT: {
    exit: 4,
    cause: '`.writer.guard` is not an empty SQLite file, or cannot be locked.',
    action:
      'Stop all processes of this data root, move the file to `quarantine/`, and start again.',
  },
  FENCED: {
    exit: 3,
    cause:
      'A later writer took over: the epoch in the database is not the one this writer was given.',
    action: 'Stop writing and restart this process.',
  },
  LOCK_LOST: {
    exit: 3,
    cause: 'The writer lock was lost while it was held; `cause` says how.',
    action: 'Stop writing and restart this process.',
  },
  LOCK_RELEASED: {
    exit: 1,
    cause: 'The lock was used after its release.',
    action: 'This is a bug in the caller: keep the lock until the last write.',
  },
  PID_MISMATCH: {
    exit: 3,
    cause: 'The process to be killed is not the recorded holder.',
    action: 'Inspect again with `tb locks inspect`; nothing was killed.',
  },
  LOCK_ABORTED: {
    exit: 3,
    cause: 'The AbortSignal fired while waiting for the lock.',
    action: 'None: the caller asked for it.',
  },
  NO_SPACE: {
    exit: 3,
    cause: 'The disk, the quota or the inodes are used up; nothing was left behind.',
    action: 'Free space; it works again at once.',
  },
  RECORD_UNWRITABLE: {
    exit: 3,
    cause: 'The record `.writer.lock` or its directory cannot be read, written or removed.',
    action: 'See the error in `cause`; correct owner and mode of the `.writer.*` files.',
  },
  NATIVE_MODULE_MISSING: {
    exit: 3,
    cause:
      'better-sqlite3 has no binary for this platform, or one for another major version of Node.',
    action: 'Run `npx -y pnpm@12 rebuild better-sqlite3` with the Node that runs this program.',
  },
  NATIVE_MODULE_UNSAFE: {
    exit: 3,
    cause: 'The better-sqlite3 binary is known to crash this version of Node.',
    action: 'Use better-sqlite3 13 on Node 22 and later, or compile 12 with headers up to 24.18.',
  },
  SQLITE_MISSING: {
    exit: 3,
    cause: 'The SQLite file, or the folder for it, does not exist.',
    action: 'Create the data root with `tb init`, or correct the path.',
  },
  SQLITE_DENIED: {
    exit: 3,
    cause: 'The SQLite file may not be opened or written by this user.',
    action: 'Correct owner and mode of the file and its folder.',
  },
  SQLITE_UNREADABLE: {
    exit: 4,
    cause: 'The file is not a SQLite database, or is damaged.',
    action: 'Stop the writers, move the file to `quarantine/`, restore it from a backup.',
  },
  SQLITE_IO: {
    exit: 4,
    cause: 'The disk or file system gave an I/O error; the file itself may be whole.',
    action:
      'Run the command again. If it comes again, check the disk, its free space and the log of the kernel; move or restore nothing before.',
  },
  SQLITE_BUSY: {
    exit: 75,
    cause: 'Another connection held a SQLite lock for longer than the timeout.',
    action: 'Try again.',
  },
};

export interface LockErrorDetail {
  readonly hint?: string;
  readonly retryable?: boolean;
  readonly cause?: unknown;
  /** The recorded holder, where one is known. */
  readonly holder?: WriterRecord | undefined;
  /** Only for LOCK_HELD. */
  readonly reason?: HeldReason | undefined;
}

/** Everything `@tb/locks` throws that is not the caller's mistake. Codes: docs/errors.md. */
export class LockError extends Error {
  override readonly name: string = 'LockError';
  readonly code: LockErrorCode;
  readonly hint: string;
  readonly retryable: boolean;
  readonly holder: WriterRecord | undefined;
  readonly reason: HeldReason | undefined;

  constructor(code: LockErrorCode, message: string, detail: LockErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint ?? lockErrors[code].action;
    this.retryable = detail.retryable ?? lockErrors[code].exit === 75;
    this.holder = detail.holder;
    this.reason = detail.reason;
  }
}

/** By name and code, so that an error from another installed copy is recognised. */
export function isLockError(error: unknown, code?: LockErrorCode): error is LockError {
  const candidate = error as { name?: unknown; code?: unknown } | null | undefined;
  if (typeof candidate !== 'object' || candidate === null) return false;
  return candidate.name === 'LockError' && (code === undefined || candidate.code === code);
}
