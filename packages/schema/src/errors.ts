export type SchemaErrorCode =
  | 'BAD_NAME'
  | 'SCHEMA_TOO_NEW'
  | 'SCHEMA_TOO_OLD'
  | 'MIGRATION_EDITED'
  | 'MIGRATION_UNKNOWN'
  | 'ROOT_NOT_INITIALISED';

/** One row of docs/errors.md: what `tb` exits with, what causes the code, what to do. */
export interface ErrorEntry {
  readonly exit: 1 | 2 | 3 | 4 | 75;
  readonly cause: string;
  readonly action: string;
}

export const schemaErrors: Readonly<Record<SchemaErrorCode, ErrorEntry>> = {
  BAD_NAME: {
    exit: 2,
    cause: 'An exchange, symbol, trading date, timeframe or run id is not of its form.',
    action: 'Correct the value; the message states the rule.',
  },
  SCHEMA_TOO_NEW: {
    exit: 3,
    cause: 'The data root or a database was written by a newer version of @tb.',
    action: 'Upgrade the packages of this service.',
  },
  SCHEMA_TOO_OLD: {
    exit: 3,
    cause: 'A database has migrations pending.',
    action: 'Run `tb init` with the writers stopped.',
  },
  MIGRATION_EDITED: {
    exit: 4,
    cause: 'The text of a migration that was applied differs from the one shipped here.',
    action: 'Restore the original file; add a new migration in place of editing one.',
  },
  MIGRATION_UNKNOWN: {
    exit: 4,
    cause: 'The ledger of a database has a hole, or is not one of ours.',
    action: 'Restore the database from a backup.',
  },
  ROOT_NOT_INITIALISED: {
    exit: 3,
    cause: 'The data root, or one of its databases, does not exist.',
    action: 'Run `tb init --root DIR`.',
  },
};

/** Everything `@tb/schema` throws that is not the caller's mistake. Codes: docs/errors.md. */
export class SchemaError extends Error {
  override readonly name: string = 'SchemaError';
  readonly code: SchemaErrorCode;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(
    code: SchemaErrorCode,
    message: string,
    detail: { hint?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint ?? schemaErrors[code].action;
    this.retryable = detail.retryable ?? false;
  }
}

/** By name and code, so that an error from another installed copy is recognised. */
export function isSchemaError(error: unknown, code?: SchemaErrorCode): error is SchemaError {
  const candidate = error as { name?: unknown; code?: unknown } | null | undefined;
  if (typeof candidate !== 'object' || candidate === null) return false;
  return candidate.name === 'SchemaError' && (code === undefined || candidate.code === code);
}
