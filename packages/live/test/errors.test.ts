import { mkdirSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { isLiveError, LiveError, liveErrors } from '@tb/live';
import { openSqlite } from '@tb/locks';
import { stage } from './fixture.ts';

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

test('regress-8-open-words: a writer that SQLite refuses is told the database and a code, not the bare words of SQLite', async () => {
  await using at = stage('words');
  const path = at.layout.liveDb('nse');
  mkdirSync(at.layout.liveDir('nse'), { recursive: true });
  openSqlite(path).close();
  mkdirSync(`${path}-shm`); // The change to WAL cannot make its index.
  await expect(at.open()).rejects.toMatchObject({
    name: 'LockError',
    code: expect.stringMatching(/^SQLITE_/),
    message: expect.stringContaining(path),
  });
});
