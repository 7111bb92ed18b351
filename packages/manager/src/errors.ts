import type { ErrorEntry } from '@tb/schema';

export type ManagerErrorCode =
  | 'NOT_OWNER'
  | 'NOT_INITIALISED'
  | 'MANAGER_CLOSED'
  | 'NESTED_WRITE'
  | 'TRANSACTION_ENDED'
  | 'STATEMENT_REFUSED'
  | 'WRITE_ABORTED'
  | 'CONSTRAINT'
  | 'STORE_BUSY'
  | 'STORE_FULL'
  | 'STORE_FAILED'
  | 'COMMIT_UNCERTAIN'
  | 'BAD_DECIMAL'
  | 'ORDER_UNKNOWN'
  | 'ORDER_CONFLICT'
  | 'FILL_CONFLICT'
  | 'STEPPED_BACK'
  | 'FILE_LIMIT'
  | 'ENGINE_FAILED'
  | 'QUERY_ABORTED'
  | 'QUERY_FAILED'
  | 'SQL_REFUSED'
  | 'SQL_TIMEOUT'
  | 'SQL_MEMORY';

export const managerErrors: Readonly<Record<ManagerErrorCode, ErrorEntry>> = {
  NOT_OWNER: {
    exit: 3,
    cause: 'The role of this process does not own the database that it wants to write.',
    action: 'Write from the process that owns it; the message names the role.',
  },
  NOT_INITIALISED: {
    exit: 3,
    cause: 'The data root, its version file or one of its databases is missing.',
    action: 'Run `tb init --root DIR`.',
  },
  MANAGER_CLOSED: {
    exit: 1,
    cause: 'The DatabaseManager was used after close().',
    action: 'A bug in the caller: keep the manager open for as long as it is used.',
  },
  NESTED_WRITE: {
    exit: 1,
    cause: 'write() was called, or a transaction begun, inside the body of another write().',
    action: 'Use the `tx` that the body was given; one write() is one transaction.',
  },
  TRANSACTION_ENDED: {
    exit: 1,
    cause:
      'A query was sent through a `tx` or `db` whose body had returned, or whose transaction the engine rolled back.',
    action: 'Await every query inside the body, and let its errors out of the body.',
  },
  STATEMENT_REFUSED: {
    exit: 1,
    cause:
      'A statement that is no SELECT, INSERT, UPDATE or DELETE, or that writes through a read handle.',
    action: 'Transactions, schema changes and settings belong to the manager; write with write().',
  },
  WRITE_ABORTED: {
    exit: 3,
    cause: 'The signal fired while write() waited for its turn. Nothing was written.',
    action: 'None; send the write again when wanted.',
  },
  CONSTRAINT: {
    exit: 3,
    cause:
      'A row breaks a rule of the schema: key taken, value out of its set, NULL or wrong type.',
    action: 'Correct the row; the message names the table and column.',
  },
  STORE_BUSY: {
    exit: 75,
    cause: 'Another process is inside a write transaction of the same database file.',
    action: 'Try again; `tb locks inspect` names the writer.',
  },
  STORE_FULL: {
    exit: 3,
    cause: 'No space is left for the database file or its WAL. The transaction was rolled back.',
    action: 'Free space; the same call works again at once.',
  },
  STORE_FAILED: {
    exit: 4,
    cause: 'The database file is damaged, cannot be read, or gave an I/O error.',
    action: 'Run `tb health --full`; restore the database from a backup if it is damaged.',
  },
  COMMIT_UNCERTAIN: {
    exit: 4,
    cause: 'COMMIT gave an I/O error: the transaction may or may not be on the disk.',
    action: 'Open the manager again and read the rows back before sending them again.',
  },
  BAD_DECIMAL: {
    exit: 2,
    cause: 'A price, quantity or fee is no plain decimal text such as 167.42.',
    action: 'Pass decimals as text, at most 38 digits, without exponent or sign plus.',
  },
  ORDER_UNKNOWN: {
    exit: 3,
    cause: 'An update or a fill names a client order id that is not recorded.',
    action: 'Record the order first.',
  },
  ORDER_CONFLICT: {
    exit: 3,
    cause:
      'The client order id is recorded with other content, or the change is not possible from the state of the order.',
    action:
      'Compare the recorded order with the one sent; use a new client order id for a new order.',
  },
  FILL_CONFLICT: {
    exit: 4,
    cause:
      'The exchange and trade id are recorded with other content, or a fill exceeds its order.',
    action: 'Compare the recorded fill with the statement of the exchange before trading on.',
  },
  STEPPED_BACK: {
    exit: 4,
    cause:
      'The manifest has a lower version than this process has seen: it was restored or replaced.',
    action: 'Open a new manager, and drop what was derived from the older reads.',
  },
  FILE_LIMIT: {
    exit: 3,
    cause: 'A query needs more open files than this process may have.',
    action: 'Raise `ulimit -n`, or narrow the range of the query.',
  },
  ENGINE_FAILED: {
    exit: 4,
    cause: 'DuckDB reported a fatal error; its instance was discarded.',
    action: 'Run `tb health --full` on the files that the message names, then query again.',
  },
  QUERY_ABORTED: {
    exit: 3,
    cause: 'The signal of the query fired.',
    action: 'None.',
  },
  QUERY_FAILED: {
    exit: 1,
    cause: 'DuckDB refused the SQL of a query, or the snapshot was used after its disposal.',
    action: 'A bug in the caller: see the cause of the error.',
  },
  SQL_REFUSED: {
    exit: 2,
    cause:
      'SQL that is not one SELECT over the views, is not valid, or uses a function that reaches files or settings.',
    action:
      'Send one SELECT over ticks, candles_1m, candles_5m, candles_15m, candles_1h, candles_1d.',
  },
  SQL_TIMEOUT: {
    exit: 3,
    cause: 'The SQL ran longer than its time limit.',
    action: 'Narrow the query by ts and symbol, or raise timeoutMs (`--timeout-ms`).',
  },
  SQL_MEMORY: {
    exit: 3,
    cause: 'The SQL needs more memory than its limit.',
    action: 'Narrow the query, or raise memoryLimit (`--memory-mb`).',
  },
};

/** Everything `@tb/manager` throws that is not the caller's mistake. Codes: docs/errors.md. */
export class ManagerError extends Error {
  override readonly name: string = 'ManagerError';
  readonly code: ManagerErrorCode;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(
    code: ManagerErrorCode,
    message: string,
    detail: { hint?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint ?? managerErrors[code].action;
    this.retryable = detail.retryable ?? managerErrors[code].exit === 75;
  }
}

/** By name and code, so that an error from another installed copy is recognised. */
export function isManagerError(error: unknown, code?: ManagerErrorCode): error is ManagerError {
  const candidate = error as { name?: unknown; code?: unknown } | null | undefined;
  if (typeof candidate !== 'object' || candidate === null) return false;
  return candidate.name === 'ManagerError' && (code === undefined || candidate.code === code);
}
