import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { type LockEvent, openSqlite, WriterLock } from '@tb/locks';
import type ProperLockfile from 'proper-lockfile';
import { acquireOn } from '../src/acquire.ts';
import { hurried } from './machines.ts';
import { place, rejection, thrown } from './place.ts';
import { startHolder } from './puppet.ts';

const require = createRequire(import.meta.url);
const purpose = 'test';
const ALL = ['.writer.guard', '.writer.lock', '.writer.lock.lock'];

function remove(dir: string, names: readonly string[]): void {
  for (const name of names) rmSync(`${dir}/${name}`, { recursive: true, force: true });
}

function age(path: string, seconds: number): void {
  const then = Date.now() / 1_000 - seconds;
  utimesSync(path, then, then);
}

/** Resolves with the first event of a type. */
function eventOf(type: LockEvent['type']): {
  onEvent: (event: LockEvent) => void;
  seen: Promise<LockEvent>;
} {
  let resolve: (event: LockEvent) => void = () => {};
  const seen = new Promise<LockEvent>((done) => {
    resolve = done;
  });
  return { onEvent: (event) => event.type === type && resolve(event), seen };
}

describe('the guard under a live holder', () => {
  test('deleted: the holder notices, others get GUARD_LOST, and the fence is not moved', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    rmSync(p.at('.writer.guard'));
    const error = await rejection(WriterLock.acquire(p.dir, { purpose, fence: p.db }));
    expect(error).toMatchObject({ code: 'GUARD_LOST', holder: { pid: holder.pid } });
    expect(await WriterLock.inspect(p.dir)).toMatchObject({
      verdict: 'anomaly-guard-lost',
      level: 'fail',
    });
    expect(await rejection(holder.ask('assertHeld'))).toMatchObject({ code: 'LOCK_LOST' });
    expect(await holder.ask('lost')).toEqual({ lostCode: 'LOCK_LOST' });
    await holder.signal('SIGKILL');
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.epoch).toBe(2);
  });

  test.concurrent('deleted: the heartbeat notices within a beat, without being asked', async () => {
    using p = place();
    const { onEvent, seen } = eventOf('lost');
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db, onEvent });
    rmSync(p.at('.writer.guard'));
    const start = performance.now();
    await seen;
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(lock.signal.reason).toMatchObject({ code: 'LOCK_LOST' });
    expect(thrown(() => lock.write(() => 1))).toMatchObject({ code: 'LOCK_LOST' });
  });

  test('replaced by another file: the same', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    renameSync(p.at('.writer.guard'), p.at('moved'));
    openSqlite(p.at('.writer.guard')).close();
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: 'GUARD_LOST',
    });
    expect(await rejection(holder.ask('assertHeld'))).toMatchObject({ code: 'LOCK_LOST' });
  });

  test('is never deleted by us', async () => {
    using p = place();
    const inodes = new Set<number>();
    for (let i = 0; i < 3; i++) {
      await using lock = await WriterLock.acquire(p.dir, { purpose });
      inodes.add(statSync(p.at('.writer.guard')).ino);
      lock.assertHeld();
    }
    await WriterLock.break(p.dir);
    inodes.add(statSync(p.at('.writer.guard')).ino);
    expect(inodes.size).toBe(1);
  });
});

describe('a guard that is none', () => {
  test.each([
    ['foreign bytes', 'not a database, but long enough to be read as a header of one'.repeat(20)],
    ['a few bytes', 'x'],
  ])('%s: GUARD_CORRUPT, and the bytes stay', async (_name, content) => {
    using p = place();
    writeFileSync(p.at('.writer.guard'), content);
    const error = await rejection(WriterLock.acquire(p.dir, { purpose }));
    expect(error).toMatchObject({ code: 'GUARD_CORRUPT' });
    expect(readFileSync(p.at('.writer.guard'), 'utf8')).toBe(content);
    expect(existsSync(p.at('.writer.lock'))).toBe(false);
  });

  test('a database with content: GUARD_CORRUPT', async () => {
    using p = place();
    const db = openSqlite(p.at('.writer.guard'));
    db.exec('CREATE TABLE x (y)');
    db.close();
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: 'GUARD_CORRUPT',
    });
  });

  test('a folder: GUARD_CORRUPT', async () => {
    using p = place();
    mkdirSync(p.at('.writer.guard'));
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: 'GUARD_CORRUPT',
    });
  });
});

describe('the heartbeat directory', () => {
  test.concurrent('deleted under a live holder: made again within a beat, the lock is not lost', async () => {
    using p = place();
    const { onEvent, seen } = eventOf('heartbeat-restored');
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db, onEvent });
    rmSync(p.at('.writer.lock.lock'), { recursive: true });
    const start = performance.now();
    await seen;
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(existsSync(p.at('.writer.lock.lock'))).toBe(true);
    lock.assertHeld();
  });

  test.concurrent('deleted, with the heartbeat on a worker: the same', async () => {
    using p = place();
    const { onEvent, seen } = eventOf('heartbeat-restored');
    await using lock = await WriterLock.acquire(p.dir, { purpose, heartbeat: 'worker', onEvent });
    rmSync(p.at('.writer.lock.lock'), { recursive: true });
    await seen;
    expect(existsSync(p.at('.writer.lock.lock'))).toBe(true);
    lock.assertHeld();
  });

  test.concurrent('touched by somebody else: made again', async () => {
    using p = place();
    const { onEvent, seen } = eventOf('heartbeat-restored');
    await using lock = await WriterLock.acquire(p.dir, { purpose, onEvent });
    age(p.at('.writer.lock.lock'), 100);
    await seen;
    expect((await WriterLock.inspect(p.dir)).heartbeatAgeMs).toBeLessThan(5_000);
    lock.assertHeld();
  });

  test('with a file inside: release and takeover work all the same', async () => {
    using p = place();
    const lock = await WriterLock.acquire(p.dir, { purpose });
    writeFileSync(p.at('.writer.lock.lock/note'), 'x');
    await lock.release();
    expect(existsSync(p.at('.writer.lock.lock'))).toBe(false);
    await using holder = await startHolder({ dir: p.dir });
    writeFileSync(p.at('.writer.lock.lock/note'), 'x');
    await holder.signal('SIGKILL');
    await using next = await WriterLock.acquire(p.dir, { purpose });
    expect(next.epoch).toBe(3);
  });

  test('unknown and fresh: LOCK_HELD at once', async () => {
    using p = place();
    mkdirSync(p.at('.writer.lock.lock'));
    const error = await rejection(WriterLock.acquire(p.dir, { purpose }));
    expect(error).toMatchObject({ code: 'LOCK_HELD', reason: 'other-tool' });
    expect(existsSync(p.at('.writer.lock.lock'))).toBe(true);
    expect((await WriterLock.inspect(p.dir)).verdict).toBe('held-elsewhere');
  });

  test('unknown and silent: taken after 12 s of silence on our own clock', async () => {
    using p = place();
    mkdirSync(p.at('.writer.lock.lock'));
    age(p.at('.writer.lock.lock'), 3_600);
    const start = performance.now();
    const lock = await acquireOn(hurried(10), p.dir, { purpose });
    expect((performance.now() - start) * 10).toBeGreaterThan(11_900);
    lock.assertHeld();
    await lock.release();
  });
});

describe('the record', () => {
  test.concurrent('deleted under a live holder: others are still refused, and the holder loses its heartbeat', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    rmSync(p.at('.writer.lock'));
    const error = await rejection(WriterLock.acquire(p.dir, { purpose }));
    expect(error).toMatchObject({ code: 'LOCK_HELD', reason: 'os-lock' });
    expect(error['holder']).toBeUndefined();
    await holder.heard('lost');
    expect(await rejection(holder.ask('write', { text: 'x' }))).toMatchObject({
      code: 'LOCK_LOST',
    });
  });

  test('deleted, and its holder killed: the directory has no owner, and is taken after silence', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    rmSync(p.at('.writer.lock'));
    await holder.signal('SIGKILL');
    const error = await rejection(WriterLock.acquire(p.dir, { purpose }));
    expect(error).toMatchObject({ code: 'LOCK_HELD', reason: 'other-tool' });
    const then = Date.now() / 1_000 - 13;
    utimesSync(p.at('.writer.lock.lock'), then, then);
    const lock = await acquireOn(hurried(10), p.dir, { purpose });
    lock.assertHeld();
    await lock.release();
  });

  test.each(['', '{', '[]', 'null', '{"pid":1}', '{"pid":"1","epoch":-1}'])(
    'damaged (%j): an unknown owner, not a free place',
    async (text) => {
      using p = place();
      await using holder = await startHolder({ dir: p.dir });
      await holder.signal('SIGKILL');
      writeFileSync(p.at('.writer.lock'), text);
      expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
        code: 'LOCK_HELD',
        reason: 'other-tool',
      });
      expect(await WriterLock.inspect(p.dir)).toMatchObject({
        verdict: 'held-elsewhere',
        recordDamaged: true,
      });
    },
  );

  test.each(['', '{"pid":', 'x'.repeat(1024)])(
    'torn by a kill before the directory was made (%j): free at once, the epoch goes on',
    async (text) => {
      using p = place();
      await (await WriterLock.acquire(p.dir, { purpose, fence: p.db })).release();
      writeFileSync(p.at('.writer.lock'), text);
      expect(await WriterLock.inspect(p.dir)).toMatchObject({
        verdict: 'free',
        recordDamaged: true,
      });
      await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
      expect(lock.epoch).toBe(2);
    },
  );

  test('keeps its size from acquire to release, and over acquisitions: it is written in place', async () => {
    using p = place();
    for (const long of ['x', 'ü'.repeat(300), 'x'.repeat(1000)]) {
      const options = { purpose: long };
      const lock = await WriterLock.acquire(p.dir, options);
      const held = statSync(p.at('.writer.lock'));
      await lock.release();
      await using _again = await WriterLock.acquire(p.dir, options);
      const after = statSync(p.at('.writer.lock'));
      expect([after.ino, after.size]).toEqual([held.ino, held.size]);
    }
  });

  test('replaced by hand with another size: the release still marks it', async () => {
    using p = place();
    const lock = await WriterLock.acquire(p.dir, { purpose });
    const record = JSON.parse(readFileSync(p.at('.writer.lock'), 'utf8'));
    writeFileSync(p.at('.writer.lock'), JSON.stringify(record));
    await lock.release();
    expect(await WriterLock.inspect(p.dir)).toMatchObject({
      verdict: 'free',
      recordDamaged: false,
    });
  });

  test('a temporary file of a writer that died between write and rename is removed', async () => {
    using p = place();
    writeFileSync(p.at('.writer.lock.11111111-dead.tmp'), '{"half":');
    await using _lock = await WriterLock.acquire(p.dir, { purpose });
    expect(readdirSync(p.dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('all .writer.* files deleted by hand', () => {
  test('under a live holder: a second one is granted, the first cannot commit', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    remove(p.dir, ALL);
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.epoch).toBe(2);
    expect(await rejection(holder.ask('write', { text: 'late' }))).toMatchObject({
      code: 'FENCED',
    });
    lock.write((db) => db.exec("INSERT INTO t (text, epoch) VALUES ('mine', 2)"));
    expect(p.rows()).toEqual(['mine']);
  });

  test.concurrent('under a stopped holder: it wakes up, cannot commit, and its exit leaves our directory alone', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    await holder.signal('SIGSTOP');
    remove(p.dir, ALL);
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    await holder.signal('SIGCONT');
    expect(await rejection(holder.ask('write', { text: 'late' }))).toMatchObject({
      code: expect.stringMatching(/^(FENCED|LOCK_LOST)$/),
    });
    void holder.ask('exit');
    expect(await holder.ended).toBe(0);
    expect(existsSync(p.at('.writer.lock.lock'))).toBe(true);
    expect(JSON.parse(readFileSync(p.at('.writer.lock'), 'utf8'))).toMatchObject({
      state: 'held',
      token: lock.token,
    });
    lock.assertHeld();
    expect(p.rows()).toEqual([]);
  });
});

describe('raw proper-lockfile on the same path', () => {
  const { lock: rawLock } = require('proper-lockfile') as typeof ProperLockfile;

  test('is refused while we hold', async () => {
    using p = place();
    await using _holder = await startHolder({ dir: p.dir });
    expect(await rejection(rawLock(p.at('.writer.lock'), { realpath: false }))).toMatchObject({
      code: 'ELOCKED',
    });
  });

  test.concurrent('keeps us out while it beats, also longer than its silence would be judged', async () => {
    using p = place();
    const release = await rawLock(p.at('.writer.lock'), { realpath: false, update: 1_000 });
    const error = await rejection(WriterLock.acquire(p.dir, { purpose, waitMs: 3_000 }));
    expect(error).toMatchObject({ code: 'LOCK_HELD', reason: 'other-tool' });
    await release();
    await sleep(1);
    await using lock = await WriterLock.acquire(p.dir, { purpose });
    lock.assertHeld();
  });
});
