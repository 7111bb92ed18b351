import { expect, test } from '@jest/globals';
import { isLiveError, LiveError, liveErrors } from '@tb/live';

test('every code has its row, and an error carries its hint', () => {
  for (const [code, entry] of Object.entries(liveErrors)) {
    expect(entry.cause).toMatch(/\.$/);
    expect(entry.action).toMatch(/\.$/);
    const error = new LiveError(code as keyof typeof liveErrors, 'what was observed');
    expect([error.hint, error.retryable]).toEqual([entry.action, entry.exit === 75]);
    expect(isLiveError(error, error.code)).toBe(true);
  }
});

test('an error of another copy of the package is recognised, others are not', () => {
  expect(isLiveError({ name: 'LiveError', code: 'DISK_FULL' }, 'DISK_FULL')).toBe(true);
  for (const other of [null, undefined, 'DISK_FULL', new Error('DISK_FULL'), { code: 'DISK_FULL' }])
    expect(isLiveError(other)).toBe(false);
});
