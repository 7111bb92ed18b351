import type { ErrorEntry } from '@tb/schema';

export type OpsErrorCode =
  | 'BAD_OPTION'
  | 'INPUT_MISSING'
  | 'INPUT_UNREADABLE'
  | 'INPUT_TRUNCATED'
  | 'INPUT_EMPTY'
  | 'COLUMN_MISSING'
  | 'SOCKET_IN_USE'
  | 'TIME_ZONE_MISSING'
  | 'ALL_ROWS_REJECTED'
  | 'NO_SESSION'
  | 'SESSION_OPEN'
  | 'CANDLES_FROM_TICKS'
  | 'DATE_ABSENT'
  | 'DATE_EXISTS'
  | 'DATE_LIVE'
  | 'DATE_BUSY'
  | 'DATE_CONFLICT'
  | 'FREEZE_MOVED'
  | 'GATE_FAILED'
  | 'BACKUP_ABSENT'
  | 'BACKUP_CORRUPT'
  | 'DEMO_FAILED'
  | 'DRILL_FAILED'
  | 'STORE_IN_USE'
  | 'OUTPUT_EXISTS'
  | 'INTERRUPTED'
  | 'SOURCE_BUSY'
  | 'SOURCE_HAS_WAL'
  | 'SOURCE_NEWER'
  | 'SOURCE_DAMAGED'
  | 'SOURCE_CHANGED'
  | 'MIGRATION_MISMATCH'
  | 'MIGRATION_OPTIONS'
  | 'MEMORY_USED_UP'
  | 'ENGINE_IO'
  | 'WORKER_FAILED';

/** The rows of docs/errors.md of this package. */
export const opsErrors: Readonly<Record<OpsErrorCode, ErrorEntry>> = {
  BAD_OPTION: {
    exit: 2,
    cause: 'An option or argument of `tb` is missing or not of its form.',
    action: 'See `tb COMMAND --help`.',
  },
  INPUT_MISSING: {
    exit: 2,
    cause: 'An input file does not exist or may not be read.',
    action: 'Check the path and its permissions.',
  },
  INPUT_UNREADABLE: {
    exit: 2,
    cause: 'An input file is not of its format.',
    action: 'Check the file, or state its format with --input-format.',
  },
  INPUT_TRUNCATED: {
    exit: 4,
    cause: 'A compressed input file ends before its end.',
    action: 'Fetch the file again; nothing of it was stored.',
  },
  INPUT_EMPTY: {
    exit: 3,
    cause: 'The input has no rows.',
    action: 'Check the file; --allow-empty accepts it.',
  },
  COLUMN_MISSING: {
    exit: 2,
    cause: 'The input has no column of a needed name.',
    action: 'Name it with --map, e.g. --map ts=ts_utc,volume=size.',
  },
  SOCKET_IN_USE: {
    exit: 75,
    cause:
      'The path of --socket is taken: another process listens there, or it is another kind of file.',
    action: 'Stop the other process, or name another path.',
  },
  TIME_ZONE_MISSING: {
    exit: 2,
    cause: 'A time has no zone, and none was stated.',
    action: 'State the zone, e.g. --tz UTC or --tz Asia/Kolkata.',
  },
  ALL_ROWS_REJECTED: {
    exit: 3,
    cause: 'No row of the input could be accepted.',
    action: 'Read the reasons in the rejected file named in the message.',
  },
  NO_SESSION: {
    exit: 3,
    cause: 'The exchange has no session on this date.',
    action: 'Check the date, or add the session to calendars/<exchange>.json of the data root.',
  },
  SESSION_OPEN: {
    exit: 3,
    cause: 'The session of the date is not over yet.',
    action: 'Run the rollover after the close.',
  },
  CANDLES_FROM_TICKS: {
    exit: 3,
    cause:
      'Candles are supplied for a symbol whose candles of that date are derived from its ticks.',
    action:
      'Correct the ticks, or import the candles under another symbol: sources are not mixed in one series.',
  },
  DATE_EXISTS: {
    exit: 3,
    cause: 'The date is published with other rows.',
    action: 'If the new rows are right: --correct --reason TEXT makes a new revision.',
  },
  DATE_LIVE: {
    exit: 3,
    cause: 'The date is still in the live buffer, or its session has not closed.',
    action:
      'Send the rows to `tb ingest`, or roll the date over first and import them as a correction.',
  },
  DATE_ABSENT: {
    exit: 3,
    cause: 'The live buffer holds nothing of the date, and it is not published.',
    action: 'Check the date; --allow-empty accepts it.',
  },
  DATE_BUSY: {
    exit: 75,
    cause: 'The date keeps receiving rows while it is built.',
    action: 'Try again when the feed is quiet.',
  },
  DATE_CONFLICT: {
    exit: 3,
    cause: 'The date is published from another source while the live buffer holds rows of it.',
    action:
      'If its ticks belong to the date: `tb rollover --correct --reason TEXT` adds them. Supplied candles: export and import them with --correct.',
  },
  FREEZE_MOVED: {
    exit: 75,
    cause: 'Another writer changed the date while it was built.',
    action: 'Run the rollover again.',
  },
  GATE_FAILED: {
    exit: 3,
    cause: 'A contents gate refused the day files; nothing was published.',
    action:
      'Look at the symbol and minute in the message. If it is right as it is: --accept GATE[:SYMBOL]=REASON.',
  },
  BACKUP_ABSENT: {
    exit: 3,
    cause: 'There is no such backup.',
    action: 'Look at `tb backups`.',
  },
  BACKUP_CORRUPT: {
    exit: 4,
    cause: 'A backup, or what should be backed up, is not what its record says.',
    action: 'Run `tb backups --verify` and `tb health --full`; restore another backup.',
  },
  DEMO_FAILED: {
    exit: 4,
    cause: 'The demo found that an acknowledged row is missing.',
    action: 'Keep the folder that it names, and report it.',
  },
  DRILL_FAILED: {
    exit: 4,
    cause: 'A root restored from the newest backups is not healthy.',
    action: 'Look at the checks in the message; take a new backup and drill again.',
  },
  STORE_IN_USE: {
    exit: 75,
    cause: 'Readers hold the write-ahead log of the database that is to be replaced.',
    action: 'Try again, or stop the readers.',
  },
  OUTPUT_EXISTS: {
    exit: 3,
    cause: 'The output file exists.',
    action: 'Remove it or name another --out.',
  },
  INTERRUPTED: {
    exit: 3,
    cause: 'SIGINT or SIGTERM arrived; the work stopped at a safe point.',
    action: 'Run the same command again: it goes on where it stopped.',
  },
  SOURCE_BUSY: {
    exit: 75,
    cause: 'The file to migrate is held by a process that writes it.',
    action: 'Stop the old bot and run the command again.',
  },
  SOURCE_HAS_WAL: {
    exit: 3,
    cause:
      'A .wal stands beside the file to migrate: its last transactions are not in the file itself, and nothing proves that the .wal belongs to it.',
    action:
      'State that it does with --with-wal: both are read, neither is changed; or checkpoint the file with the program that wrote it.',
  },
  SOURCE_NEWER: {
    exit: 3,
    cause: 'The file to migrate was written by a newer DuckDB than this one.',
    action: 'Export it with that DuckDB into an older storage version, and migrate the export.',
  },
  SOURCE_DAMAGED: {
    exit: 4,
    cause: 'The file to migrate is truncated or damaged. Nothing was written.',
    action: 'Migrate a backup of the file, or export what is readable into a new one.',
  },
  SOURCE_CHANGED: {
    exit: 4,
    cause: 'The file to migrate changed while it was read.',
    action: 'Stop the old bot and run the command again.',
  },
  MIGRATION_MISMATCH: {
    exit: 4,
    cause:
      'What was read back does not equal what was to be written, or the rows of a table do not add up.',
    action: 'Check memory and disk, run `tb health --full`, then run the command again.',
  },
  MIGRATION_OPTIONS: {
    exit: 3,
    cause: 'An earlier run of the same migration was told something else.',
    action: 'Repeat what the message names, or migrate into a new data root.',
  },
  MEMORY_USED_UP: {
    exit: 3,
    cause: 'The command needs more memory than the system gives, or than DuckDB may use.',
    action: 'Stop other programs or work on less at a time, then run the command again.',
  },
  ENGINE_IO: {
    exit: 4,
    cause: 'DuckDB could not read or write a file.',
    action:
      'Run the command again. If it comes again, check the disk and the log of the kernel, and run `tb health --full`.',
  },
  WORKER_FAILED: {
    exit: 4,
    cause:
      'A worker process of `tb` died, for instance by a crash of the database engine on a damaged file.',
    action: 'Run `tb health --full`; then run the command again.',
  },
};

/** Everything `tb` throws that is not a bug and not the error of a package. Codes: docs/errors.md. */
export class OpsError extends Error {
  override readonly name: string = 'OpsError';
  readonly code: OpsErrorCode;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(
    code: OpsErrorCode,
    message: string,
    detail: { hint?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint ?? opsErrors[code].action;
    this.retryable = detail.retryable ?? false;
  }
}

/** By name and code, so that an error from another installed copy is recognised. */
export function isOpsError(error: unknown, code?: OpsErrorCode): error is OpsError {
  const candidate = error as { name?: unknown; code?: unknown } | null | undefined;
  return candidate?.name === 'OpsError' && (code === undefined || candidate.code === code);
}
