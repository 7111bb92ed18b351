import { backtestErrors } from '@tb/backtest';
import { calendarErrors } from '@tb/calendar';
import { historyErrors } from '@tb/history';
import { liveErrors } from '@tb/live';
import { lockErrors } from '@tb/locks';
import { managerErrors } from '@tb/manager';
import { queryErrors } from '@tb/queries';
import { type ErrorEntry, schemaErrors } from '@tb/schema';
import { opsErrors } from './errors.ts';

/** Exit codes of `tb`: the contract of docs/cli.md. */
export const EXIT = { done: 0, bug: 1, usage: 2, refused: 3, integrity: 4, temporary: 75 } as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The error tables of every package, by the `name` of its error class. docs/errors.md is made from them. */
export const errorTables: Readonly<Record<string, Readonly<Record<string, ErrorEntry>>>> = {
  OpsError: opsErrors,
  SchemaError: schemaErrors,
  CalendarError: calendarErrors,
  LockError: lockErrors,
  LiveError: liveErrors,
  HistoryError: historyErrors,
  ManagerError: managerErrors,
  QueryError: queryErrors,
  BacktestError: backtestErrors,
};

/** What `tb` exits with for an error: that of its row in the table of its package, 1 for anything else (a bug). */
export function exitCodeOf(error: unknown): ExitCode {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  if (typeof name !== 'string' || typeof code !== 'string') return EXIT.bug;
  if (code.startsWith('commander.')) return EXIT.usage;
  const entry = errorTables[name]?.[code];
  return entry ? entry.exit : (systemExitCodes[code] ?? EXIT.bug);
}

/** Errors of the operating system that reach the top: named in the message, and never a bug of ours. */
const systemExitCodes: Readonly<Record<string, ExitCode>> = {
  ENOENT: EXIT.refused,
  EACCES: EXIT.refused,
  EPERM: EXIT.refused,
  EROFS: EXIT.refused,
  ENOSPC: EXIT.refused,
  EDQUOT: EXIT.refused,
  EMFILE: EXIT.refused,
  ENFILE: EXIT.refused,
  ENOTDIR: EXIT.refused,
  EISDIR: EXIT.usage,
  EEXIST: EXIT.refused,
  EIO: EXIT.integrity,
  ABORT_ERR: EXIT.refused,
};
