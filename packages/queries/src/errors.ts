import type { ErrorEntry } from '@tb/schema';

export type QueryErrorCode =
  | 'UNKNOWN_SYMBOL'
  | 'BAD_RANGE'
  | 'BAD_REQUEST'
  | 'GAP'
  | 'STALE'
  | 'SNAPSHOT_MOVED'
  | 'CALENDAR_LACKS_SESSION'
  | 'ACTIONS_MISSING'
  | 'RESULT_CONSUMED'
  | 'ARROW_MISSING'
  | 'EXPORT_UNSUPPORTED'
  | 'BAD_DECIMAL';

export const queryErrors: Readonly<Record<QueryErrorCode, ErrorEntry>> = {
  UNKNOWN_SYMBOL: {
    exit: 2,
    cause: 'The exchange never had a symbol of that text.',
    action: "Correct the symbol, or ask with onUnknownSymbol 'empty' (`--unknown-symbol empty`).",
  },
  BAD_RANGE: {
    exit: 2,
    cause: 'A time range is reversed, or leaves the years 1678 to 2261.',
    action: 'Give from <= to, both as bigint ns since 1970 UTC or as Date.',
  },
  BAD_REQUEST: {
    exit: 2,
    cause: 'A query option has a value outside its set.',
    action: 'Correct the option; the message states the rule.',
  },
  GAP: {
    exit: 4,
    cause:
      'A whole session between others has no data, or a minute outside the coverage of the feeds has no candle.',
    action:
      "Import or correct the missing data, or ask with onGap 'report', 'null' or 'fill' (`--on-gap`).",
  },
  STALE: {
    exit: 75,
    cause:
      'Inside a session the heartbeat of the ingestor or its last tick is older than asked for.',
    action: 'See `tb status`: start the ingestor or its feed, or allow a higher age.',
  },
  SNAPSHOT_MOVED: {
    exit: 75,
    cause: 'Publications kept changing the manifest between two reads of one query.',
    action: 'Run the query again.',
  },
  CALENDAR_LACKS_SESSION: {
    exit: 3,
    cause:
      'Data exist for a trading date that the calendar calls a holiday, so no session anchors its candles.',
    action: 'Add the session to calendars/<exchange>.json in the data root.',
  },
  ACTIONS_MISSING: {
    exit: 2,
    cause:
      'Adjusted prices or symbol changes are wanted, and the query was given no source of them.',
    action: 'Construct MarketDataQuery with the option `actions`.',
  },
  RESULT_CONSUMED: {
    exit: 1,
    cause: 'A result was read a second time, or after it was closed.',
    action: 'Run the query again, or keep what columns() returned.',
  },
  ARROW_MISSING: {
    exit: 2,
    cause: 'The optional package apache-arrow cannot be loaded.',
    action: 'Run `npm install apache-arrow`.',
  },
  EXPORT_UNSUPPORTED: {
    exit: 2,
    cause: 'The reader cannot write Parquet files.',
    action: 'Use toCsv(), or a reader with exportParquet.',
  },
  BAD_DECIMAL: {
    exit: 4,
    cause: 'A money column of the trading database holds text that is no decimal number.',
    action: 'Run `tb verify`; restore the database from a backup if it was damaged.',
  },
};

/** Everything `@tb/queries` throws that is not the caller's mistake in types. Codes: docs/errors.md. */
export class QueryError extends Error {
  override readonly name: string = 'QueryError';
  readonly code: QueryErrorCode;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(
    code: QueryErrorCode,
    message: string,
    detail: { hint?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint ?? queryErrors[code].action;
    this.retryable = detail.retryable ?? queryErrors[code].exit === 75;
  }
}

/** By name and code, so that an error from another installed copy is recognised. */
export function isQueryError(error: unknown, code?: QueryErrorCode): error is QueryError {
  const candidate = error as { name?: unknown; code?: unknown } | null | undefined;
  if (typeof candidate !== 'object' || candidate === null) return false;
  return candidate.name === 'QueryError' && (code === undefined || candidate.code === code);
}
