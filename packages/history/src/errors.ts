import type { ErrorEntry } from '@tb/schema';

export type HistoryErrorCode =
  | 'DAY_FILE_MISSING'
  | 'DAY_FILE_CORRUPT'
  | 'REVISION_PRUNED'
  | 'BUILD_MISMATCH'
  | 'BUILD_FAILED'
  | 'BUILT_FILE_LOST'
  | 'FILE_EXISTS'
  | 'SID_UNKNOWN'
  | 'SID_CONFLICT'
  | 'ALREADY_PUBLISHED'
  | 'NOT_PUBLISHED'
  | 'CORRECTION_REQUIRED'
  | 'CORRECTION_CHAIN_BROKEN'
  | 'MANIFEST_MOVED'
  | 'MANIFEST_CORRUPT';

/** Exit code, cause and action of every code of this package. */
export const historyErrors: Readonly<Record<HistoryErrorCode, ErrorEntry>> = {
  DAY_FILE_MISSING: {
    exit: 4,
    cause: 'A published file is listed in the manifest and is not on the disk.',
    action:
      'Restore the file from a backup: `tb restore market-data`. Without one, import its trading date with `--correct --reason TEXT --accept published_readable=REASON`.',
  },
  DAY_FILE_CORRUPT: {
    exit: 4,
    cause:
      'The size, sha256 or neighbourhood of a published file is not what the manifest recorded.',
    action:
      'Run `tb health --full`, then restore the file from a backup: `tb restore market-data`. Without one, import its trading date with `--correct --reason TEXT --accept published_readable=REASON`.',
  },
  REVISION_PRUNED: {
    exit: 3,
    cause: 'An asOf read asks for a revision that `tb prune` removed.',
    action: 'Ask for a later time, or restore the revision from a backup.',
  },
  BUILD_MISMATCH: {
    exit: 4,
    cause: 'A file that was just written does not read back as the rows it was made from.',
    action: 'Check memory and disk; the file was not published and the source is intact.',
  },
  BUILD_FAILED: {
    exit: 3,
    cause: 'A day file could not be written: no space, no permission, no memory.',
    action: 'See the cause; nothing was published. Run the command again afterwards.',
  },
  BUILT_FILE_LOST: {
    exit: 75,
    cause: 'A built file vanished, or was replaced, before it was published.',
    action: 'Run the command again; another process built the same trading date.',
  },
  FILE_EXISTS: {
    exit: 3,
    cause: 'The final name of a new file is taken by another file.',
    action: 'Run `tb health`: it names the unlisted file, left by a crash or put there by hand.',
  },
  SID_UNKNOWN: {
    exit: 1,
    cause: 'Rows carry a sid that the manifest does not know.',
    action: 'Register symbols before rows are written; this is a bug of the caller.',
  },
  SID_CONFLICT: {
    exit: 4,
    cause: 'Two files, or a file and the manifest, disagree about the symbol of a sid.',
    action: 'Restore the manifest from a backup; do not rebuild it from these files.',
  },
  ALREADY_PUBLISHED: {
    exit: 3,
    cause: 'The manifest already has this revision, or a newer one.',
    action: 'Nothing to do, or publish a correction with a reason.',
  },
  NOT_PUBLISHED: {
    exit: 3,
    cause: 'The manifest has no such file.',
    action: 'Check exchange, kind, timeframe and dates against what `tb health` lists.',
  },
  CORRECTION_REQUIRED: {
    exit: 2,
    cause: 'A trading date that is published can change only by a correction with a reason.',
    action: 'Give --correct and --reason.',
  },
  CORRECTION_CHAIN_BROKEN: {
    exit: 4,
    cause: 'A correction record was changed or removed after it was written.',
    action: 'Compare the manifest with its backups.',
  },
  MANIFEST_MOVED: {
    exit: 75,
    cause: 'The manifest changed since the caller looked at it.',
    action: 'Read it again and repeat.',
  },
  MANIFEST_CORRUPT: {
    exit: 4,
    cause: 'manifest.db is not readable as a manifest.',
    action: 'Run `tb rebuild-manifest`, or restore it from a backup.',
  },
};

/** Everything `@tb/history` throws that is not the caller's mistake. Codes: docs/errors.md. */
export class HistoryError extends Error {
  override readonly name: string = 'HistoryError';
  readonly code: HistoryErrorCode;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(
    code: HistoryErrorCode,
    message: string,
    detail: { hint?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint ?? historyErrors[code].action;
    this.retryable = detail.retryable ?? historyErrors[code].exit === 75;
  }
}

/** By name and code, so that an error from another installed copy is recognised. */
export function isHistoryError(error: unknown, code?: HistoryErrorCode): error is HistoryError {
  const candidate = error as { name?: unknown; code?: unknown } | null | undefined;
  if (typeof candidate !== 'object' || candidate === null) return false;
  return candidate.name === 'HistoryError' && (code === undefined || candidate.code === code);
}

/** Whether a published file is gone or damaged: what concerns this file, and no other. */
export function isFileUnusable(error: unknown): error is HistoryError {
  return isHistoryError(error, 'DAY_FILE_MISSING') || isHistoryError(error, 'DAY_FILE_CORRUPT');
}
