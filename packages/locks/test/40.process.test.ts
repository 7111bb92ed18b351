import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, test } from '@jest/globals';
import { WriterLock } from '@tb/locks';
import { tempRoot } from '@tb/testkit';
import { place, rejection } from './place.ts';
import { guardLocks } from './proc-locks.ts';
import { startHolder, startPuppet } from './puppet.ts';

const purpose = 'test';
const child = (name: string): string => fileURLToPath(new URL(`children/${name}`, import.meta.url));
const packageDir = fileURLToPath(new URL('..', import.meta.url));
const linux = process.platform === 'linux' ? test : test.skip;

describe('one process', () => {
  test('the same thread twice: LOCK_HELD, reason this-process', async () => {
    using p = place();
    await using _lock = await WriterLock.acquire(p.dir, { purpose });
    const error = await rejection(WriterLock.acquire(p.dir, { purpose }));
    expect(error).toMatchObject({ code: 'LOCK_HELD', reason: 'this-process' });
    expect((error['holder'] as { pid: number }).pid).toBe(process.pid);
  });

  test('ten acquisitions at once: one is granted, and the next when it was released', async () => {
    using p = place();
    const tries = await Promise.allSettled(
      Array.from({ length: 10 }, () => WriterLock.acquire(p.dir, { purpose })),
    );
    const granted = tries.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(granted).toHaveLength(1);
    const waiting = WriterLock.acquire(p.dir, { purpose, waitMs: 10_000 });
    await granted[0]?.release();
    const next = await waiting;
    expect(next.epoch).toBe(2);
    await next.release();
  });

  linux('a worker is refused while main holds, without touching the OS lock', async () => {
    using p = place();
    await using _lock = await WriterLock.acquire(p.dir, { purpose });
    const worker = new Worker(child('worker-acquires.mjs'), { workerData: { dir: p.dir } });
    const [answer] = await once(worker, 'message');
    expect(answer).toMatchObject({ code: 'LOCK_HELD', reason: 'this-process' });
    await worker.terminate();
    expect(guardLocks(p.at('.writer.guard'))).toEqual([process.pid]);
  });

  test('main is refused while a worker holds; after its release it is not', async () => {
    using p = place();
    const worker = new Worker(child('worker-acquires.mjs'), { workerData: { dir: p.dir } });
    expect((await once(worker, 'message'))[0]).toEqual({ epoch: 1 });
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: 'LOCK_HELD',
      reason: 'this-process',
    });
    expect((await WriterLock.inspect(p.dir)).verdict).toBe('held-by-this-process');
    worker.postMessage('release');
    await once(worker, 'exit');
    await using lock = await WriterLock.acquire(p.dir, { purpose });
    expect(lock.epoch).toBe(2);
  });

  test('a worker that held it was terminated: refused until the process restarts, and the hint says so', async () => {
    using p = place();
    await using holder = await startPuppet({ dir: p.dir }, { script: 'terminated-worker.mjs' });
    const { taken, outcome } = await holder.ask<{ taken: unknown; outcome: { hint: string } }>('');
    expect(taken).toEqual({ epoch: 1 });
    expect(outcome).toMatchObject({ code: 'LOCK_HELD', reason: 'this-process' });
    expect(outcome.hint).toContain('restart the process');
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: expect.stringMatching(/^(LOCK_HELD|GUARD_LOST)$/),
    });
    await holder.signal('SIGKILL');
    await using lock = await WriterLock.acquire(p.dir, { purpose });
    expect(lock.epoch).toBe(2);
  });

  linux('a lock that nobody refers to survives garbage collection', async () => {
    using p = place();
    await using holder = await startPuppet({ dir: p.dir }, { script: 'forgotten-lock.mjs' });
    expect(guardLocks(p.at('.writer.guard'))).toEqual([holder.pid]);
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: 'LOCK_HELD',
      reason: 'os-lock',
    });
  });

  test('a deposed process that exits leaves the new owner’s files alone', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    for (const name of ['.writer.guard', '.writer.lock', '.writer.lock.lock'])
      rmSync(p.at(name), { recursive: true });
    await using lock = await WriterLock.acquire(p.dir, { purpose });
    const record = readFileSync(p.at('.writer.lock'), 'utf8');
    void holder.ask('exit');
    await holder.ended;
    expect(existsSync(p.at('.writer.lock.lock'))).toBe(true);
    expect(readFileSync(p.at('.writer.lock'), 'utf8')).toBe(record);
    lock.assertHeld();
  });
});

/** A second installation: this package's build, and SQLite, under other paths. */
function installCopy(root: string): { module: string; binary: string } {
  const modules = join(root, 'node_modules');
  mkdirSync(modules);
  const sqlite = realpathSync(join(packageDir, 'node_modules', 'better-sqlite3'));
  cpSync(dirname(sqlite), modules, {
    recursive: true,
    dereference: true,
    filter: (path) => !/better-sqlite3[\\/](deps|src)$/.test(path) && !path.endsWith('.bin'),
  });
  symlinkSync(
    realpathSync(join(packageDir, 'node_modules', 'proper-lockfile')),
    join(modules, 'proper-lockfile'),
  );
  cpSync(join(packageDir, 'dist'), join(root, 'dist'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  return {
    module: join(root, 'dist', 'index.js'),
    binary: join(modules, 'better-sqlite3', 'build', 'Release', 'better_sqlite3.node'),
  };
}

describe('two copies in one process', () => {
  linux(
    'of the module, each with its own SQLite: the second is refused and the lock stays',
    async () => {
      using p = place();
      using root = tempRoot('copy');
      const { module } = installCopy(root.path);
      await using holder = await startPuppet({ dir: p.dir, copy: module } as never, {
        script: 'two-copies.mjs',
      });
      expect(await holder.ask('')).toEqual({
        outcome: 'LOCK_HELD this-process',
        verdict: 'held-by-this-process',
        distinct: true,
      });
      expect(guardLocks(p.at('.writer.guard'))).toEqual([holder.pid]);
    },
  );

  linux(
    'of better-sqlite3, used on the guard: the OS lock is gone, and others get GUARD_LOST',
    async () => {
      using p = place();
      using root = tempRoot('copy');
      const { binary } = installCopy(root.path);
      await using holder = await startPuppet({ dir: p.dir, binary } as never, {
        script: 'second-sqlite.mjs',
      });
      expect(await holder.ask('')).toBe(true); // the trap is real: if not, this test proves nothing
      expect(guardLocks(p.at('.writer.guard'))).toEqual([]);
      expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
        code: 'GUARD_LOST',
        holder: { pid: holder.pid },
      });
    },
  );

  linux('node:fs reads the guard: the OS lock is gone, and others get GUARD_LOST', async () => {
    using p = place();
    await using holder = await startPuppet({ dir: p.dir }, { script: 'read-guard.mjs' });
    expect(guardLocks(p.at('.writer.guard'))).toEqual([]);
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: 'GUARD_LOST',
    });
    expect((await WriterLock.inspect(p.dir)).verdict).toBe('anomaly-guard-lost');
    await holder.signal('SIGKILL');
    await using lock = await WriterLock.acquire(p.dir, { purpose });
    expect(lock.epoch).toBe(2);
  });
});
