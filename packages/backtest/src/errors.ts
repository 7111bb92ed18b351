import type { ErrorEntry } from '@tb/schema';

export type BacktestErrorCode =
  | 'STRATEGY_UNKNOWN'
  | 'STRATEGY_FAILED'
  | 'PARAMETER_INVALID'
  | 'CONFIG_INVALID'
  | 'CANDLES_INVALID'
  | 'NO_CANDLES'
  | 'RUN_CANCELLED'
  | 'RUN_UNKNOWN'
  | 'RUN_NOT_DONE'
  | 'RUN_NOT_RUNNING'
  | 'RUN_FILE_NOT_WRITTEN'
  | 'RUN_FOLDER_FAILED'
  | 'RUN_FILE_MISSING'
  | 'RUN_FILE_CORRUPT';

/** Every code of this package: exit code of `tb`, cause, what to do. */
export const backtestErrors: Readonly<Record<BacktestErrorCode, ErrorEntry>> = {
  STRATEGY_UNKNOWN: {
    exit: 2,
    cause: 'No strategy has that name, or a module does not export one.',
    action: 'Use one of the names in the message, or a module that exports `strategy`.',
  },
  STRATEGY_FAILED: {
    exit: 1,
    cause: 'The code of the strategy threw. The run is recorded as failed.',
    action: 'Correct the strategy; the cause has its stack.',
  },
  PARAMETER_INVALID: {
    exit: 2,
    cause: 'A parameter is unknown to the strategy, of the wrong type, or out of its range.',
    action: 'Correct the value; the message states the rule.',
  },
  CONFIG_INVALID: {
    exit: 2,
    cause: 'The range, cash, fees, slippage, leverage, symbols or seed of a run are not valid.',
    action: 'Correct the value; the message states the rule.',
  },
  CANDLES_INVALID: {
    exit: 4,
    cause:
      'The history handed to a run steps back in time, repeats a candle, or has an impossible price.',
    action: 'Run `tb health --full`, then correct or quarantine the day that the message names.',
  },
  NO_CANDLES: {
    exit: 3,
    cause:
      'The range has no candle of the symbols. The run is recorded as failed: nothing was tested.',
    action: 'Check symbols, exchange and range with `tb candles`.',
  },
  RUN_CANCELLED: {
    exit: 75,
    cause: 'The run was stopped by a signal. It is recorded as failed; nothing of it is kept.',
    action: 'Start the run again.',
  },
  RUN_UNKNOWN: {
    exit: 3,
    cause: 'The index has no run of that id.',
    action: 'Run `tb backtest list`.',
  },
  RUN_NOT_DONE: {
    exit: 3,
    cause: 'The run is still running, or it failed, so it has no result.',
    action: 'Wait for it, or start the run again.',
  },
  RUN_NOT_RUNNING: {
    exit: 3,
    cause: 'A result was to be recorded for a run that was declared dead or finished meanwhile.',
    action: 'Start the run again.',
  },
  RUN_FILE_NOT_WRITTEN: {
    exit: 75,
    cause:
      'The disk refused the run file: full, read-only, or failing. Nothing of the run is kept.',
    action: 'Make space, check the disk, and start the run again.',
  },
  RUN_FOLDER_FAILED: {
    exit: 75,
    cause: 'The system refused to list the folder of runs, or to remove a file in it.',
    action: 'Check the disk and the permissions of backtest/runs, and run the command again.',
  },
  RUN_FILE_MISSING: {
    exit: 4,
    cause: 'The index has a finished run whose file is gone.',
    action: 'Start the run again; its parameters are in the index.',
  },
  RUN_FILE_CORRUPT: {
    exit: 4,
    cause: 'A run file is not what its index row says, or cannot be read.',
    action: 'Start the run again; its parameters are in the index.',
  },
};

/** Everything `@tb/backtest` throws that is not the caller's mistake. Codes: docs/errors.md. */
export class BacktestError extends Error {
  override readonly name: string = 'BacktestError';
  readonly code: BacktestErrorCode;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(
    code: BacktestErrorCode,
    message: string,
    detail: { hint?: string; retryable?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.hint = detail.hint ?? backtestErrors[code].action;
    this.retryable = detail.retryable ?? backtestErrors[code].exit === 75;
  }
}

/** By name and code, so that an error from another installed copy is recognised. */
export function isBacktestError(error: unknown, code?: BacktestErrorCode): error is BacktestError {
  const candidate = error as { name?: unknown; code?: unknown } | null | undefined;
  if (typeof candidate !== 'object' || candidate === null) return false;
  return candidate.name === 'BacktestError' && (code === undefined || candidate.code === code);
}
