import type { ErrorEntry } from '@tb/schema';

export type LiveErrorCode =
  | 'LIVE_ABSENT'
  | 'LIVE_CLOSED'
  | 'LIVE_FAILED'
  | 'LIVE_CORRUPT'
  | 'BACKPRESSURE'
  | 'SOURCE_BEHIND'
  | 'ROWS_DROPPED'
  | 'DISK_FULL'
  | 'DAY_STATE'
  | 'NOT_PUBLISHED'
  | 'SEGMENT_MISSING'
  | 'SEGMENT_CORRUPT'
  | 'SEGMENT_JOB'
  | 'POSITION_CLEARED'
  | 'STEPPED_BACK';

export const liveErrors: Readonly<Record<LiveErrorCode, ErrorEntry>> = {
  LIVE_ABSENT: {
    exit: 75,
    cause: 'The exchange has no live buffer yet, or its schema is not there yet.',
    action: 'Start the ingestor of that exchange, then try again.',
  },
  LIVE_CLOSED: {
    exit: 1,
    cause: 'A live buffer or reader was used after close().',
    action: 'Report it: a bug in the caller.',
  },
  LIVE_FAILED: {
    exit: 3,
    cause: 'The live buffer stopped after an error of the disk or the loss of its lock.',
    action:
      'Read the cause, repair the disk, start the ingestor again: recovery is the start path.',
  },
  LIVE_CORRUPT: {
    exit: 4,
    cause: 'live.db does not pass its check, or a batch of ticks does not have its checksum.',
    action: 'Stop the ingestor, keep the folder, restore live_buffer from a backup.',
  },
  BACKPRESSURE: {
    exit: 75,
    cause:
      'More rows wait for the disk than the queue may hold; the rows of this call are not stored.',
    action: 'Send the same batch again when earlier ones are acknowledged.',
  },
  SOURCE_BEHIND: {
    exit: 75,
    cause:
      'Earlier rows of the same source were refused and are not stored; storing the rows of this call first would make those rows duplicates.',
    action:
      'Send the source again, in order, from the row that the message names or an earlier one.',
  },
  ROWS_DROPPED: {
    exit: 3,
    cause: 'The queue was full and the policy is dropOldest: the oldest waiting rows were dropped.',
    action: 'Backfill the hole that coverage shows; a slower feed or a faster disk prevents it.',
  },
  DISK_FULL: {
    exit: 75,
    cause: 'The disk has no space for new rows; the rows of this call are not stored.',
    action: 'Free space, then send the batch, or run the command, again.',
  },
  DAY_STATE: {
    exit: 3,
    cause: 'The trading date is not in the state that the step needs.',
    action: 'Look at `tb status`; freeze a date before it is cleared.',
  },
  NOT_PUBLISHED: {
    exit: 4,
    cause:
      'What was published is not what the live buffer holds of that date; nothing was removed.',
    action: 'Run `tb rollover` for that date again, and read its gates.',
  },
  SEGMENT_MISSING: {
    exit: 4,
    cause: 'A sealed segment that live.db lists is not there.',
    action: 'Restore live_buffer from a backup; look into quarantine.',
  },
  SEGMENT_CORRUPT: {
    exit: 4,
    cause: 'A sealed segment has not the size or sha256 that live.db lists.',
    action: 'Restore that segment from a backup.',
  },
  SEGMENT_JOB: {
    exit: 3,
    cause: 'The child process that seals or compacts ended without a result; no row was moved.',
    action: 'Read the cause. The rows stay in the tail and the job runs again.',
  },
  POSITION_CLEARED: {
    exit: 3,
    cause: 'A follower asks for rows that have left the live buffer for the history.',
    action: 'Read those trading dates from the history, then follow from the newest seq.',
  },
  STEPPED_BACK: {
    exit: 4,
    cause:
      'The live buffer shows fewer rows than this reader has seen: it was restored or replaced.',
    action: 'Open a new reader, and drop what was derived from the old one.',
  },
};

/** Everything `@tb/live` throws that is not the caller's mistake. Codes: docs/errors.md. */
export class LiveError extends Error {
  override readonly name: string = 'LiveError';
  readonly code: LiveErrorCode;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(
    code: LiveErrorCode,
    message: string,
    detail: { hint?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint ?? liveErrors[code].action;
    this.retryable = detail.retryable ?? liveErrors[code].exit === 75;
  }
}

/** By name and code, so that an error from another installed copy is recognised. */
export function isLiveError(error: unknown, code?: LiveErrorCode): error is LiveError {
  const candidate = error as { name?: unknown; code?: unknown } | null | undefined;
  if (typeof candidate !== 'object' || candidate === null) return false;
  return candidate.name === 'LiveError' && (code === undefined || candidate.code === code);
}
