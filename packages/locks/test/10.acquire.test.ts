import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isLockError, type LockEvent, openSqlite, WriterLock } from '@tb/locks';
import { place, rejection, thrown } from './place.ts';
import { startHolder, startPuppet } from './puppet.ts';

const purpose = 'test';

describe('acquire', () => {
  test('grants, names the writer in the record, and goes through its steps in order', async () => {
    using p = place();
    const steps: string[] = [];
    const onEvent = (event: LockEvent): void => {
      if (event.type === 'step') steps.push(event.step);
    };
    const lock = await WriterLock.acquire(p.dir, { purpose: 'ingestor', fence: p.db, onEvent });
    const record = JSON.parse(readFileSync(p.at('.writer.lock'), 'utf8'));
    expect(record).toMatchObject({
      pid: process.pid,
      threadId: 0,
      token: lock.token,
      epoch: 1,
      state: 'held',
      purpose: 'ingestor',
      script: basename(process.argv[1] ?? ''),
      releasedAt: null,
    });
    expect(statSync(p.at('.writer.lock.lock')).isDirectory()).toBe(true);
    lock.assertHeld();
    await lock.release();
    expect(steps).toEqual([
      'guard-taken',
      'judged',
      'epoch-issued',
      'record-written',
      'directory-made',
      'release-marked',
      'directory-removed',
      'record-released',
      'guard-closed',
    ]);
  });

  test('after release no journal stays, the guard is empty, the record says released and keeps the epoch', async () => {
    using p = place();
    await (await WriterLock.acquire(p.dir, { purpose, fence: p.db })).release();
    const ours = readdirSync(p.dir).filter((name) => name.startsWith('.writer'));
    expect(ours.sort()).toEqual(['.writer.guard', '.writer.lock']);
    expect(statSync(p.at('.writer.guard')).size).toBe(0);
    const record = JSON.parse(readFileSync(p.at('.writer.lock'), 'utf8'));
    expect(record).toMatchObject({ state: 'released', epoch: 1 });
    expect(Date.parse(record.releasedAt)).toBeGreaterThanOrEqual(Date.parse(record.acquiredAt));
  });

  test('the epoch grows with each acquisition, with and without a fence', async () => {
    using p = place();
    const epochs: number[] = [];
    for (const fence of [p.db, undefined, p.db, undefined, p.db]) {
      const lock = await WriterLock.acquire(p.dir, { purpose, fence });
      epochs.push(lock.epoch);
      await lock.release();
    }
    expect(epochs).toEqual([1, 2, 3, 4, 5]);
  });

  test('100 cycles of acquire and release leave nothing behind', async () => {
    using p = place();
    for (let i = 0; i < 100; i++)
      await (await WriterLock.acquire(p.dir, { purpose, fence: p.db })).release();
    expect(readdirSync(p.dir).filter((name) => name.startsWith('.writer'))).toHaveLength(2);
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.epoch).toBe(101);
    await lock.release();
  });

  test('another process is refused at once, and told by whom', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, purpose: 'ingestor' });
    const start = performance.now();
    const error = await rejection(WriterLock.acquire(p.dir, { purpose, fence: p.db }));
    expect(performance.now() - start).toBeGreaterThanOrEqual(49); // inspections probe: it tries for 50 ms
    expect(error).toMatchObject({ code: 'LOCK_HELD', reason: 'os-lock', retryable: true });
    expect(error.message).toContain(`${p.dir} already has a writer: pid ${holder.pid} on `);
    expect(error.message).toMatch(/\(epoch 1, since .+Z, ingestor\), process state [RSD] \(/);
    expect((error['holder'] as { pid: number }).pid).toBe(holder.pid);
  });

  test('a refused contender leaves the record, the directory and the epoch as they were', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    const before = readFileSync(p.at('.writer.lock'), 'utf8');
    await rejection(WriterLock.acquire(p.dir, { purpose, fence: p.db }));
    expect(readFileSync(p.at('.writer.lock'), 'utf8')).toBe(before);
    expect(existsSync(p.at('.writer.lock.lock'))).toBe(true);
    await holder.ask('write', { text: 'still the writer' });
    expect(p.rows()).toEqual(['still the writer']);
  });

  test('waits for the holder as long as it is told to', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    const events: string[] = [];
    const waiting = WriterLock.acquire(p.dir, {
      purpose,
      waitMs: 20_000,
      onEvent: (event) => {
        events.push(event.type);
        if (event.type === 'waiting') void holder.ask('release');
      },
    });
    const lock = await waiting;
    expect(lock.epoch).toBe(2);
    expect(events.filter((type) => type === 'waiting')).toHaveLength(1);
    await lock.release();
  });

  test('an abort while waiting ends the waiting and leaves nothing behind', async () => {
    using p = place();
    await using _holder = await startHolder({ dir: p.dir });
    const controller = new AbortController();
    const error = await rejection(
      WriterLock.acquire(p.dir, {
        purpose,
        waitMs: 60_000,
        signal: controller.signal,
        onEvent: (event) => event.type === 'waiting' && controller.abort(new Error('enough')),
      }),
    );
    expect(isLockError(error, 'LOCK_ABORTED')).toBe(true);
    expect(error.cause).toMatchObject({ message: 'enough' });
  });

  test('a signal that fired before is obeyed, also on a free place', async () => {
    using p = place();
    const error = await rejection(
      WriterLock.acquire(p.dir, { purpose, signal: AbortSignal.abort() }),
    );
    expect(error['code']).toBe('LOCK_ABORTED');
    expect(existsSync(p.at('.writer.guard'))).toBe(false);
  });

  test('release twice gives the place back once; the second owner keeps it', async () => {
    using p = place();
    const first = await WriterLock.acquire(p.dir, { purpose });
    await Promise.all([first.release(), first.release()]);
    const second = await WriterLock.acquire(p.dir, { purpose });
    await first.release();
    second.assertHeld();
    expect((await WriterLock.inspect(p.dir)).directory).toBe(true);
    await second.release();
  });

  test('disposal after a throw releases', async () => {
    using p = place();
    const error = await rejection(
      (async () => {
        await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
        lock.write((db) => db.exec("INSERT INTO t (text, epoch) VALUES ('a', 1)"));
        throw new Error('in the block');
      })(),
    );
    expect(error.message).toBe('in the block');
    expect((await WriterLock.inspect(p.dir)).verdict).toBe('free');
    await (await WriterLock.acquire(p.dir, { purpose })).release();
  });

  test('a released lock refuses every use', async () => {
    using p = place();
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    await lock.release();
    expect(thrown(() => lock.assertHeld())).toMatchObject({ code: 'LOCK_RELEASED' });
    expect(thrown(() => lock.write(() => 1))).toMatchObject({ code: 'LOCK_RELEASED' });
    p.db.exec('BEGIN');
    expect(thrown(() => lock.checkEpoch(p.db))).toMatchObject({ code: 'LOCK_RELEASED' });
    p.db.exec('ROLLBACK');
    expect(lock.signal.aborted).toBe(false);
  });

  test('a symbolic link to the folder is the same folder', async () => {
    using p = place();
    symlinkSync(p.dir, `${p.dir}-link`);
    try {
      const lock = await WriterLock.acquire(`${p.dir}-link`, { purpose, fence: p.db });
      expect(lock.dir).toBe(p.dir);
      expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
        code: 'LOCK_HELD',
        reason: 'this-process',
      });
      await lock.release();
    } finally {
      rmSync(`${p.dir}-link`);
    }
  });

  test('a missing folder and a file in its place are refused by code', async () => {
    using p = place();
    writeFileSync(p.at('file'), '');
    for (const name of ['absent', 'file'])
      expect(await rejection(WriterLock.acquire(p.at(name), { purpose }))).toMatchObject({
        code: 'DIRECTORY_MISSING',
      });
  });

  test('wrong options are the caller’s mistake', async () => {
    using p = place();
    mkdirSync(p.at('other'));
    const elsewhere = openSqlite(p.at('other/x.db'));
    const memory = openSqlite(':memory:');
    const wrong = [
      { purpose: '' },
      { purpose, waitMs: -1 },
      { purpose, waitMs: Number.NaN },
      { purpose, fence: elsewhere },
      { purpose, fence: memory },
    ];
    for (const options of wrong) {
      const error = await rejection(WriterLock.acquire(p.dir, options));
      expect(['TypeError', 'RangeError']).toContain(error.name);
    }
    p.db.exec('BEGIN');
    expect((await rejection(WriterLock.acquire(p.dir, { purpose, fence: p.db }))).name).toBe(
      'TypeError',
    );
    p.db.exec('ROLLBACK');
    elsewhere.close();
    memory.close();
    expect(existsSync(p.at('.writer.guard'))).toBe(false);
  });

  test('a listener that throws does not disturb the lock', async () => {
    using p = place();
    const lock = await WriterLock.acquire(p.dir, { purpose });
    await lock.release();
    await using puppet = await startPuppet({ dir: p.dir }, { script: 'throwing-listener.mjs' });
    expect(await puppet.ended).toBe(0);
    expect(puppet.stderr()).toBe('');
  });
});
