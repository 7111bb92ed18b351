import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  breakLock,
  inspectLock,
  isLockError,
  LockError,
  type LockErrorCode,
  lockErrors,
  WriterLock,
} from '@tb/locks';
import { breakOn } from '../src/break.ts';
import { inspectOn } from '../src/inspect.ts';
import { machineWith } from './machines.ts';
import { place, rejection } from './place.ts';
import { processState, startHolder, startPuppet } from './puppet.ts';

const purpose = 'test';
const elsewhere = machineWith({ bootId: () => 'another boot', machineId: () => 'another machine' });

describe('inspect', () => {
  test('free: before the first writer, and after a release; makes no file', async () => {
    using p = place();
    expect(await inspectLock(p.dir)).toEqual({
      dir: p.dir,
      verdict: 'free',
      level: 'ok',
      osLock: 'missing',
      directory: false,
      heartbeatAgeMs: null,
      holder: null,
      recordDamaged: false,
      process: null,
    });
    expect(() => statSync(p.at('.writer.guard'))).toThrow('ENOENT');
    await (await WriterLock.acquire(p.dir, { purpose })).release();
    expect(await inspectLock(p.dir)).toMatchObject({
      verdict: 'free',
      osLock: 'free',
      holder: { state: 'released', pid: process.pid },
    });
  });

  test('held, held-stopped, stale-reclaimable', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, purpose: 'ingestor' });
    const seen = await inspectLock(p.dir);
    expect(seen).toMatchObject({
      verdict: 'held',
      level: 'ok',
      osLock: 'held',
      directory: true,
      holder: { pid: holder.pid, purpose: 'ingestor', epoch: 1 },
      process: { exists: 'yes' },
    });
    expect(seen.heartbeatAgeMs).toBeLessThan(5_000);
    await holder.signal('SIGSTOP');
    expect(await inspectLock(p.dir)).toMatchObject({ verdict: 'held-stopped', level: 'warn' });
    await holder.signal('SIGKILL');
    expect(await inspectLock(p.dir)).toMatchObject({
      verdict: 'stale-reclaimable',
      level: 'warn',
      osLock: 'free',
    });
  });

  test('held-by-this-process, without trying the guard', async () => {
    using p = place();
    await using lock = await WriterLock.acquire(p.dir, { purpose });
    expect(await inspectLock(p.dir)).toMatchObject({
      verdict: 'held-by-this-process',
      level: 'ok',
      holder: { token: lock.token },
    });
  });

  test('anomaly-guard-lost, and held-elsewhere', async () => {
    using p = place();
    await using _holder = await startHolder({ dir: p.dir });
    rmSync(p.at('.writer.guard'));
    expect(await inspectLock(p.dir)).toMatchObject({
      verdict: 'anomaly-guard-lost',
      level: 'fail',
    });
    expect(await inspectOn(elsewhere, p.dir)).toMatchObject({
      verdict: 'held-elsewhere',
      level: 'warn',
      process: null,
    });
  });

  test('survives JSON', async () => {
    using p = place();
    await using _holder = await startHolder({ dir: p.dir });
    const seen = await inspectLock(p.dir);
    expect(JSON.parse(JSON.stringify(seen))).toEqual(seen);
  });

  test('inspections at full speed refuse nobody: 300 acquisitions with waitMs 0', async () => {
    using p = place();
    await using looker = await startPuppet({ dir: p.dir }, { script: 'inspect-loop.mjs' });
    for (let i = 0; i < 300; i++) await (await WriterLock.acquire(p.dir, { purpose })).release();
    const looks = looker.ask<number>('');
    looker.child.stdin.end();
    expect(await looks).toBeGreaterThan(300);
  });

  test('a holder that is just dying is not called an anomaly', async () => {
    using p = place();
    for (let i = 0; i < 10; i++) {
      await using holder = await startHolder({ dir: p.dir });
      holder.child.kill('SIGKILL');
      const seen = await inspectLock(p.dir);
      expect(['held', 'stale-reclaimable']).toContain(seen.verdict);
      await holder.ended;
    }
  });
});

describe('break', () => {
  test('a free place: nothing is done', async () => {
    using p = place();
    expect(await breakLock(p.dir)).toEqual({ outcome: 'already_free', epoch: 0, holder: null });
    await (await WriterLock.acquire(p.dir, { purpose })).release();
    expect(await breakLock(p.dir, { kill: true, foreign: true })).toMatchObject({
      outcome: 'already_free',
      epoch: 1,
    });
  });

  test('a live holder, running or stopped, is refused', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    for (const options of [{}, { foreign: true }])
      expect(await rejection(breakLock(p.dir, options))).toMatchObject({
        code: 'LOCK_HELD',
        holder: { pid: holder.pid },
      });
    await holder.signal('SIGSTOP');
    const error = await rejection(breakLock(p.dir, { fence: p.db }));
    expect(error).toMatchObject({ code: 'LOCK_HELD' });
    expect(error['hint']).toContain('tb locks break --kill');
    await holder.signal('SIGCONT');
    await holder.ask('write', { text: 'unharmed' });
    expect(p.rows()).toEqual(['unharmed']);
  });

  test('our own lock is refused', async () => {
    using p = place();
    await using _lock = await WriterLock.acquire(p.dir, { purpose });
    expect(await rejection(breakLock(p.dir, { kill: true }))).toMatchObject({
      code: 'LOCK_HELD',
      reason: 'this-process',
    });
  });

  test('a dead one: reclaimed, the epoch grows in record and database; a second time it is free', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    await holder.signal('SIGKILL');
    expect(await breakLock(p.dir, { fence: p.db })).toMatchObject({
      outcome: 'reclaimed',
      epoch: 2,
      holder: { pid: holder.pid, epoch: 1 },
    });
    expect(p.db.prepare('SELECT epoch FROM writer_fence').pluck().get()).toBe(2);
    expect(await breakLock(p.dir, { fence: p.db })).toMatchObject({ outcome: 'already_free' });
  });

  test('--kill: a stopped holder dies, the epoch grows', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    await holder.signal('SIGSTOP');
    const result = await breakLock(p.dir, { kill: true, fence: p.db });
    expect(result).toMatchObject({ outcome: 'killed', epoch: 2, holder: { pid: holder.pid } });
    expect(await holder.ended).toBe('SIGKILL');
    expect((await inspectLock(p.dir)).verdict).toBe('free');
  });

  test('--kill: a holder whose guard was deleted dies too', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    rmSync(p.at('.writer.guard'));
    expect(await rejection(breakLock(p.dir))).toMatchObject({ code: 'GUARD_LOST' });
    expect(await breakLock(p.dir, { kill: true })).toMatchObject({ outcome: 'killed', epoch: 2 });
    expect(await holder.ended).toBe('SIGKILL');
  });

  test.each([
    ['another start time', { startTime: '1' }],
    ['another boot', { bootId: 'x' }],
    ['another namespace', { pidNs: 'x' }],
    ['an unreadable start time', { startTime: null }],
  ])('--kill with a record of %s: PID_MISMATCH, nobody is killed', async (_name, change) => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    const record = JSON.parse(readFileSync(p.at('.writer.lock'), 'utf8'));
    writeFileSync(p.at('.writer.lock'), JSON.stringify({ ...record, ...change }));
    expect(await rejection(breakLock(p.dir, { kill: true }))).toMatchObject({
      code: 'PID_MISMATCH',
    });
    expect(processState(holder.pid)).toMatch(/[RSD]/);
  });

  test('--kill without a record: PID_MISMATCH', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    rmSync(p.at('.writer.lock'));
    expect(await rejection(breakLock(p.dir, { kill: true }))).toMatchObject({
      code: 'PID_MISMATCH',
    });
    expect(processState(holder.pid)).toMatch(/[RSD]/);
  });

  test('another machine: refused without --foreign; with it the epoch grows and the old holder is fenced', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    rmSync(p.at('.writer.guard')); // its kernel is not ours
    expect(await rejection(breakOn(elsewhere, p.dir, { fence: p.db }))).toMatchObject({
      code: 'LOCK_FOREIGN',
    });
    expect(await breakOn(elsewhere, p.dir, { foreign: true, fence: p.db })).toMatchObject({
      outcome: 'foreign_cleared',
      epoch: 2,
    });
    expect(await rejection(holder.ask('write', { text: 'late' }))).toMatchObject({
      code: expect.stringMatching(/^(FENCED|LOCK_LOST)$/),
    });
    expect(p.rows()).toEqual([]);
  });
});

describe('errors', () => {
  const codes = Object.keys(lockErrors) as LockErrorCode[];

  test.each(codes)('%s has a cause, an action and an exit code', (code) => {
    const entry = lockErrors[code];
    expect(entry.cause).toMatch(/^\S.{15,}[.)]$/);
    expect(entry.action).toMatch(/^\S.{5,}[.)]$/);
    expect([1, 2, 3, 4, 75]).toContain(entry.exit);
    const error = new LockError(code, 'message');
    expect(error).toMatchObject({ name: 'LockError', code, hint: entry.action });
    expect(error.retryable).toBe(entry.exit === 75);
  });

  test('are recognised by name and code, also from another copy', () => {
    const foreign = Object.assign(new Error('x'), { name: 'LockError', code: 'FENCED' });
    expect(isLockError(foreign)).toBe(true);
    expect(isLockError(foreign, 'FENCED')).toBe(true);
    expect(isLockError(foreign, 'LOCK_HELD')).toBe(false);
    for (const other of [new Error('x'), null, undefined, 'LockError', { code: 'FENCED' }])
      expect(isLockError(other)).toBe(false);
  });
});
