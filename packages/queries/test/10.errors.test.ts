import { expect, test } from '@jest/globals';
import { isQueryError, QueryError, type QueryErrorCode, queryErrors } from '@tb/queries';

test('every code has a cause, an action and an exit code of the contract', () => {
  for (const [code, entry] of Object.entries(queryErrors)) {
    expect(code).toMatch(/^[A-Z_]+$/);
    expect([1, 2, 3, 4, 75]).toContain(entry.exit);
    expect(entry.cause).toMatch(/\.$/);
    expect(entry.action).toMatch(/\.$/);
  }
});

test('an error carries code, hint and cause, and is retryable when its exit code says so', () => {
  const cause = new Error('below');
  const error = new QueryError('STALE', 'Old', { cause });
  expect(error).toMatchObject({
    code: 'STALE',
    hint: queryErrors.STALE.action,
    retryable: true,
    cause,
  });
  expect(new QueryError('GAP', 'Gap').retryable).toBe(false);
});

test('an error of another copy of the package is recognised by name and code', () => {
  const foreign = Object.assign(new Error('x'), {
    name: 'QueryError',
    code: 'GAP' as QueryErrorCode,
  });
  expect(isQueryError(foreign)).toBe(true);
  expect(isQueryError(foreign, 'GAP')).toBe(true);
  expect(isQueryError(foreign, 'STALE')).toBe(false);
  for (const other of [null, undefined, 'GAP', new Error('x')])
    expect(isQueryError(other)).toBe(false);
});
