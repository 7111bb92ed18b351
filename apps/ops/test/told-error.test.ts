import { describe, expect, test } from '@jest/globals';
import { LockError } from '@tb/locks';
import { exitCodeOf } from '../src/exit-codes.ts';
import { toldError } from '../src/told-error.ts';
import { endOfWorker, startWorker } from '../src/worker/run-worker.ts';

function sqlite(code: string): Error {
  return Object.assign(new Error(`SQLite says ${code}`), { name: 'SqliteError', code });
}

/** As `await using` throws it, natively and compiled. */
function suppressed(error: unknown, first: unknown): Error {
  return Object.assign(new Error('An error was suppressed during disposal.'), {
    name: 'SuppressedError',
    error,
    suppressed: first,
  });
}

describe('the error that is told', () => {
  test.each([
    ['SQLITE_FULL', 'NO_SPACE', 3],
    ['SQLITE_READONLY_DBMOVED', 'SQLITE_DENIED', 3],
    ['SQLITE_CANTOPEN', 'SQLITE_DENIED', 3],
    ['SQLITE_BUSY_SNAPSHOT', 'SQLITE_BUSY', 75],
    ['SQLITE_IOERR_FSYNC', 'SQLITE_IO', 4],
    ['SQLITE_CORRUPT_INDEX', 'SQLITE_UNREADABLE', 4],
    ['SQLITE_NOTADB', 'SQLITE_UNREADABLE', 4],
  ])('raw %s of SQLite is %s, exit %d, with a hint', async (raw, code, exit) => {
    const error = sqlite(raw);
    expect(toldError(error)).toMatchObject({ code, hint: expect.any(String), cause: error });
    expect(await exitCodeOf(error)).toBe(exit);
  });

  test.each([
    ['IO Error: Could not write file "/x": No space left on device', 'NO_SPACE', 3],
    [
      'Failed to append: Failed to commit: Could not write file "/x.wal": No space left on device',
      'NO_SPACE',
      3,
    ],
    [
      'Failed to append: Failed to commit: Could not write file "/x.wal": Input/output error',
      'ENGINE_IO',
      4,
    ],
    ['Out of Memory Error: failed to offload (max_temp_directory_size)', 'NO_SPACE', 3],
    ['Out of Memory Error: could not allocate block', 'MEMORY_USED_UP', 3],
    ['IO Error: Could not read from file "/x": Input/output error', 'ENGINE_IO', 4],
    ['FATAL Error: Failed: database has been invalidated', 'ENGINE_IO', 4],
  ])('regress-8-engine-words: DuckDB’s %j is %s, exit %d', async (message, code, exit) => {
    expect(toldError(new Error(message))).toMatchObject({ code, hint: expect.any(String) });
    expect(await exitCodeOf(new Error(message))).toBe(exit);
  });

  test.each([
    'fsync failed!',
    'Failed to commit: fsync failed!',
    'Could not fsync file "/x": Invalid argument',
    'Cannot open file "/x": Permission denied',
    'Failed to get file size for file "/x": Stale file handle',
  ])(
    'regress-8-appender-words: %j behind an appender, which drops the kind, is ENGINE_IO, exit 4',
    async (reason) => {
      const error = new Error(`Failed to append: ${reason}`);
      expect(toldError(error)).toMatchObject({ code: 'ENGINE_IO', hint: expect.any(String) });
      expect(await exitCodeOf(error)).toBe(4);
      const wrong = new Error('Failed to append: Constraint Error: NOT NULL constraint failed');
      expect(await exitCodeOf(wrong)).toBe(1);
    },
  );

  test.each([
    ['Out of Memory Error: Failed to allocate block of 32768 bytes (bad allocation)'],
    ['Failed to append: Failed to allocate block of 262144 bytes (bad allocation)'],
    ['Failed to connect'],
    ['Failed to query'],
    ['Failed to set config'],
    ['Array buffer allocation failed'],
  ])('regress-8-no-memory: %j is MEMORY_USED_UP, exit 3, and not a bug', async (message) => {
    expect(toldError(new Error(message))).toMatchObject({ code: 'MEMORY_USED_UP' });
    expect(await exitCodeOf(new Error(message))).toBe(3);
    expect(await exitCodeOf(sqlite('SQLITE_NOMEM'))).toBe(3);
  });

  test.each([
    [
      'SIGABRT',
      'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n 1: 0xb8',
    ],
    [
      'SIGABRT',
      "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc",
    ],
    ['SIGTRAP', '#\n# Fatal error in , line 0\n# Fatal process out of memory: Zone\n#'],
  ])(
    'regress-8-no-memory: a worker that ended by %s and said so is MEMORY_USED_UP',
    (end, stderr) => {
      expect(endOfWorker('x.js', end, stderr)).toMatchObject({ code: 'MEMORY_USED_UP' });
    },
  );

  test('a worker that crashed is WORKER_FAILED, with its last words', () => {
    expect(endOfWorker('x.js', 'SIGSEGV', '')).toMatchObject({
      code: 'WORKER_FAILED',
      message: 'Worker x.js ended by SIGSEGV',
    });
    expect(endOfWorker('x.js', 'exit 1', 'a\nb\n').message).toBe('Worker x.js ended by exit 1: b');
  });

  test('a worker that was started for nothing is ended, and takes no job', async () => {
    const worker = startWorker('rollover/rollover-worker.js');
    worker[Symbol.dispose]();
    await expect(worker.run({})).rejects.toMatchObject({
      code: 'WORKER_FAILED',
      message: 'Worker rollover/rollover-worker.js ended by SIGKILL',
    });
  });

  test('a wrong statement and an error without a code stay bugs', async () => {
    const reasoned = new Error('Failed to query: Binder Error: no such column');
    for (const error of [
      sqlite('SQLITE_ERROR'),
      reasoned,
      new Error('IO'),
      new TypeError('x'),
      undefined,
    ]) {
      expect(toldError(error)).toBe(error);
      expect(await exitCodeOf(error)).toBe(1);
    }
  });

  test('of a failed step and its failed cleanup the step is told', async () => {
    const first = new LockError('LOCK_HELD', 'held');
    const both = suppressed(new LockError('NO_SPACE', 'later'), first);
    expect(toldError(both)).toBe(first);
    expect(await exitCodeOf(both)).toBe(75);
  });

  test('an error without a code does not hide one with a code, however deep', async () => {
    const coded = sqlite('SQLITE_FULL');
    const deep = new AggregateError(
      [new Error('bare'), suppressed(coded, new Error('first'))],
      'x',
    );
    expect(toldError(deep)).toMatchObject({ code: 'NO_SPACE' });
    expect(await exitCodeOf(deep)).toBe(3);
    const bare = new AggregateError([new Error('a'), new Error('b')], 'x');
    expect(toldError(bare)).toBe(bare);
    expect(await exitCodeOf(bare)).toBe(1);
  });
});
