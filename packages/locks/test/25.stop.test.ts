import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { WriterLock } from '@tb/locks';
import { place, rejection } from './place.ts';
import { processState, startHolder } from './puppet.ts';

const purpose = 'contender';
/** Thrice the stale time of raw proper-lockfile, which loses its lock after 10 s of this. */
const LONG_MS = 30_000;

/** Tries every half second for as long as the holder is blocked or stopped; every try must be refused. */
async function refusedFor(dir: string, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let refused = 0;
  while (performance.now() < end) {
    const error = await rejection(WriterLock.acquire(dir, { purpose }));
    expect(error).toMatchObject({ code: 'LOCK_HELD', reason: 'os-lock' });
    refused += 1;
    await sleep(500);
  }
  return refused;
}

describe('a holder that does not run is still the holder', () => {
  test.concurrent('event loop blocked for 30 s, heartbeat on main or worker, and stopped for 30 s: never taken', async () => {
    using main = place();
    using worker = place();
    using stopped = place();
    await using first = await startHolder({ dir: main.dir, fence: main.file });
    await using second = await startHolder({
      dir: worker.dir,
      fence: worker.file,
      heartbeat: 'worker',
    });
    await using third = await startHolder({ dir: stopped.dir, fence: stopped.file });
    const blocked = [first, second].map((holder) => holder.ask('block', { ms: LONG_MS }));
    await Promise.all([first.heard('inside'), second.heard('inside'), third.signal('SIGSTOP')]);
    const refused = await Promise.all(
      [main, worker, stopped].map((p) => refusedFor(p.dir, LONG_MS - 3_000)),
    );
    expect(Math.min(...refused)).toBeGreaterThan(20);

    // What other hosts and containers see: a main heartbeat stalls with its loop, a worker's does not.
    const [onMain, onWorker, onStopped] = await Promise.all(
      [main, worker, stopped].map((p) => WriterLock.inspect(p.dir)),
    );
    expect(onMain).toMatchObject({ verdict: 'held' });
    expect(onMain?.heartbeatAgeMs).toBeGreaterThan(20_000);
    expect(onWorker?.heartbeatAgeMs).toBeLessThan(5_000);
    expect(onStopped).toMatchObject({ verdict: 'held-stopped', level: 'warn' });

    await third.signal('SIGCONT');
    await Promise.all(blocked);
    for (const holder of [first, second, third]) {
      await holder.ask('assertHeld');
      await holder.ask('write', { text: 'still the writer' });
    }
    for (const p of [main, worker, stopped]) expect(p.rows()).toEqual(['still the writer']);
  }, 60_000);

  test.concurrent('stopped while idle: refused, and the message says how to go on', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    await holder.signal('SIGSTOP');
    const error = await rejection(WriterLock.acquire(p.dir, { purpose }));
    expect(error.message).toMatch(/process state T \(STOPPED\)$/);
    expect(error['hint']).toContain(`kill -CONT ${holder.pid}`);
    expect(error['hint']).toContain('tb locks break --kill');
    await holder.signal('SIGCONT');
    await holder.ask('assertHeld');
  });

  test.concurrent('stopped in synchronous code: refused, and it goes on', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    const blocked = holder.ask('block', { ms: 500 });
    await holder.heard('inside');
    await holder.signal('SIGSTOP');
    expect(processState(holder.pid)).toBe('T');
    await rejection(WriterLock.acquire(p.dir, { purpose, waitMs: 700 }));
    await holder.signal('SIGCONT');
    await blocked;
    await holder.ask('write', { text: 'on' });
    expect(p.rows()).toEqual(['on']);
  });

  test.concurrent('stopped inside a write transaction: refused by the OS lock, and its row is committed', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    const writing = holder.ask('stopInWrite', { text: 'inside' });
    await holder.heard('inside');
    await holder.stopped();
    expect(await rejection(WriterLock.acquire(p.dir, { purpose, fence: p.db }))).toMatchObject({
      code: 'LOCK_HELD',
      reason: 'os-lock',
    });
    await holder.signal('SIGCONT');
    await writing;
    expect(p.rows()).toEqual(['inside']);
  });

  test.concurrent('killed inside a write transaction: its row is gone, its place is free', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    void holder.ask('stopInWrite', { text: 'half' });
    await holder.heard('inside');
    await holder.signal('SIGKILL');
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    lock.write((db) => db.exec("INSERT INTO t (text, epoch) VALUES ('next', 2)"));
    expect(p.rows()).toEqual(['next']);
  });

  test.concurrent('in a long SQLite transaction: refused until it ends', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    const writing = holder.ask('longWrite', { text: 'long', ms: 5_000 });
    await holder.heard('inside');
    expect(await refusedFor(p.dir, 4_000)).toBeGreaterThan(5);
    await writing;
    await holder.ask('release');
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.epoch).toBe(2);
    expect(p.rows()).toEqual(['long']);
  });
});
