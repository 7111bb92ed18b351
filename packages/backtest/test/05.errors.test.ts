import { describe, expect, test } from '@jest/globals';
import { BacktestError, backtestErrors, feeOf, isBacktestError } from '@tb/backtest';

describe('errors', () => {
  test('are known by name and code, also from another copy of the package', () => {
    const error = new BacktestError('NO_CANDLES', 'none');
    expect(isBacktestError(error)).toBe(true);
    expect(isBacktestError(error, 'NO_CANDLES')).toBe(true);
    expect(isBacktestError(error, 'RUN_UNKNOWN')).toBe(false);
    expect(isBacktestError({ name: 'BacktestError', code: 'NO_CANDLES' }, 'NO_CANDLES')).toBe(true);
    expect(isBacktestError(new Error('none'))).toBe(false);
    expect(isBacktestError(undefined)).toBe(false);
  });

  test('carry the hint of the table, and are retryable when their exit code says so', () => {
    for (const [code, { exit, action }] of Object.entries(backtestErrors)) {
      const error = new BacktestError(code as keyof typeof backtestErrors, 'x');
      expect(error.hint).toBe(action);
      expect(error.retryable).toBe(exit === 75);
    }
  });
});

describe('fees', () => {
  test.each([
    [{}, 0],
    [{ rate: 0.01 }, 2],
    [{ perUnit: 0.5 }, 5],
    [{ perOrder: 3 }, 3],
    [{ rate: 0.01, perUnit: 0.5, perOrder: 3 }, 10],
    [{ rate: 0.01, minimum: 4 }, 4],
    [{ rate: 0.01, maximum: 1 }, 1],
  ])('%j of 10 units at 20', (schedule, fee) => {
    expect(feeOf(schedule, 10, 20)).toBeCloseTo(fee, 12);
    expect(feeOf(schedule, 10, -20)).toBeCloseTo(fee, 12);
  });
});
