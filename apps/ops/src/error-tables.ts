import { backtestErrors } from '@tb/backtest';
import { calendarErrors } from '@tb/calendar';
import { historyErrors } from '@tb/history';
import { liveErrors } from '@tb/live';
import { lockErrors } from '@tb/locks';
import { managerErrors } from '@tb/manager';
import { queryErrors } from '@tb/queries';
import { type ErrorEntry, schemaErrors } from '@tb/schema';
import { opsErrors } from './errors.ts';

export type ErrorTables = Readonly<Record<string, Readonly<Record<string, ErrorEntry>>>>;

/** The error tables of every package, by the `name` of its error class. docs/errors.md is made from them. */
export const errorTables: ErrorTables = {
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
