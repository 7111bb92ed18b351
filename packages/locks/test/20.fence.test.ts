import { rmSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { checkEpoch, FENCE_DDL, openSqlite, WriterLock } from '@tb/locks';
import { place, rejection, thrown } from './place.ts';
import { type Puppet, startHolder, startPuppet } from './puppet.ts';

const purpose = 'test';
const insert = "INSERT INTO t (text, epoch) VALUES ('row', 1)";

/** Deletes all that says who the writer is: both other layers are blind, the fence alone is left. */
function deleteByHand(dir: string): void {
  for (const name of ['.writer.guard', '.writer.lock', '.writer.lock.lock'])
    rmSync(`${dir}/${name}`, { recursive: true, force: true });
}

describe('write', () => {
  test('commits on return and gives back what the body returned', async () => {
    using p = place();
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.write((db) => db.prepare(insert).run().changes)).toBe(1);
    expect(p.db.inTransaction).toBe(false);
    expect(p.rows()).toEqual(['row']);
  });

  test('rolls back on a throw and throws it on; the lock stays usable', async () => {
    using p = place();
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    const error = thrown(() =>
      lock.write((db) => {
        db.exec(insert);
        throw new Error('body');
      }),
    );
    expect(error.message).toBe('body');
    expect(p.rows()).toEqual([]);
    lock.write((db) => db.exec(insert));
    expect(p.rows()).toEqual(['row']);
  });

  test('refuses to nest, a promise, a body that ends the transaction, and a lock without a fence', async () => {
    using p = place();
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    const bodies = [
      () => lock.write(() => 1),
      async () => {
        p.db.exec(insert);
      },
      () => p.db.exec('COMMIT'),
    ];
    for (const body of bodies) expect(thrown(() => lock.write(body)).name).toBe('TypeError');
    expect(p.rows()).toEqual([]);
    expect(p.db.inTransaction).toBe(false);
    await lock.release();
    await using bare = await WriterLock.acquire(p.dir, { purpose });
    expect(thrown(() => bare.write(() => 1)).name).toBe('TypeError');
  });

  test('works on a connection whose integers are bigints', async () => {
    using p = place();
    p.db.defaultSafeIntegers(true);
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.epoch).toBe(1);
    lock.write((db) => db.exec(insert));
    lock.write((db) => lock.checkEpoch(db));
  });

  test('a busy database is temporary, and its error is coded', async () => {
    using p = place();
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    p.db.pragma('busy_timeout = 0');
    const other = openSqlite(p.file);
    other.exec('BEGIN IMMEDIATE');
    expect(thrown(() => lock.write(() => 1))).toMatchObject({
      code: 'SQLITE_BUSY',
      retryable: true,
    });
    other.exec('ROLLBACK');
    other.close();
    lock.write((db) => db.exec(insert));
  });
});

describe('issuing an epoch', () => {
  test('restores the timeout and the synchronous mode of the connection', async () => {
    using p = place();
    p.db.pragma('busy_timeout = 1234');
    p.db.pragma('synchronous = NORMAL');
    await (await WriterLock.acquire(p.dir, { purpose, fence: p.db })).release();
    expect(p.db.pragma('busy_timeout', { simple: true })).toBe(1234);
    expect(p.db.pragma('synchronous', { simple: true })).toBe(1);
  });

  test('somebody inside a write transaction: LOCK_HELD, and nothing is left behind', async () => {
    using p = place();
    const other = openSqlite(p.file);
    other.exec('BEGIN IMMEDIATE');
    const error = await rejection(WriterLock.acquire(p.dir, { purpose, fence: p.db }));
    expect(error).toMatchObject({ code: 'LOCK_HELD', reason: 'in-transaction' });
    other.exec('ROLLBACK');
    other.close();
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.epoch).toBe(1);
    await lock.release();
  });

  test('after an older database was restored, the record keeps the epoch rising', async () => {
    using p = place();
    for (let i = 0; i < 5; i++)
      await (await WriterLock.acquire(p.dir, { purpose, fence: p.db })).release();
    p.db.exec("UPDATE writer_fence SET epoch = 2, token = 'from the backup'");
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.epoch).toBe(6);
    await lock.release();
  });

  test('after the record was deleted, the database keeps the epoch rising', async () => {
    using p = place();
    for (let i = 0; i < 5; i++)
      await (await WriterLock.acquire(p.dir, { purpose, fence: p.db })).release();
    rmSync(p.at('.writer.lock'));
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.epoch).toBe(6);
    await lock.release();
  });

  test('a read-only connection cannot issue one', async () => {
    using p = place();
    const readonly = openSqlite(p.file, { readonly: true });
    expect(await rejection(WriterLock.acquire(p.dir, { purpose, fence: readonly }))).toMatchObject({
      code: 'GUARD_READONLY',
    });
    readonly.close();
    await (await WriterLock.acquire(p.dir, { purpose, fence: p.db })).release();
  });
});

describe('a deposed writer', () => {
  test('cannot commit: FENCED, its signal aborts, and it stays out', async () => {
    using p = place();
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    deleteByHand(p.dir);
    await using successor = await startHolder({ dir: p.dir, fence: p.file });
    const error = thrown(() => lock.write((db) => db.exec(insert)));
    expect(error).toMatchObject({ code: 'FENCED' });
    expect(error.message).toBe(`This writer's epoch 1 was superseded by epoch 2 in ${p.file}`);
    expect(lock.signal.aborted).toBe(true);
    expect(lock.signal.reason).toBe(error);
    expect(thrown(() => lock.write(() => 1))).toBe(error);
    expect(thrown(() => lock.assertHeld())).toBe(error);
    await lock.release();
    expect(p.rows()).toEqual([]);
    expect(await WriterLock.inspect(p.dir)).toMatchObject({
      verdict: 'held',
      directory: true,
      holder: { pid: successor.pid },
    });
    await successor.ask('write', { text: 'the new writer' });
    expect(p.rows()).toEqual(['the new writer']);
  });

  test('learns it through checkEpoch in a transaction of its own', async () => {
    using p = place();
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(thrown(() => lock.checkEpoch(p.db)).name).toBe('TypeError');
    const other = openSqlite(p.file);
    other.exec('BEGIN IMMEDIATE');
    lock.checkEpoch(other);
    other.exec("UPDATE writer_fence SET epoch = 9, token = 'later'; COMMIT");
    other.exec('BEGIN IMMEDIATE');
    expect(thrown(() => lock.checkEpoch(other))).toMatchObject({ code: 'FENCED' });
    other.exec('ROLLBACK');
    other.close();
    expect(lock.signal.aborted).toBe(true);
  });

  test('an equal epoch with another token is another writer', async () => {
    using p = place();
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    p.db.exec("UPDATE writer_fence SET token = 'another'");
    expect(thrown(() => lock.write(() => 1))).toMatchObject({ code: 'FENCED' });
  });

  test('a fence row that is gone is no permission', async () => {
    using p = place();
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    p.db.exec('DELETE FROM writer_fence');
    expect(thrown(() => lock.write(() => 1))).toMatchObject({ code: 'FENCED' });
    const fresh = openSqlite(':memory:');
    fresh.exec('BEGIN');
    expect(thrown(() => checkEpoch(fresh, { epoch: 1, token: 'x' }))).toMatchObject({
      code: 'FENCED',
    });
    fresh.exec('ROLLBACK');
    fresh.exec(FENCE_DDL);
    fresh.exec("INSERT INTO writer_fence VALUES (1, 1, 'x')");
    fresh.exec('BEGIN');
    checkEpoch(fresh, { epoch: 1, token: 'x' });
    fresh.close();
  });

  test('of one lock does not take another lock with it', async () => {
    using outer = place();
    using inner = place();
    await using kept = await WriterLock.acquire(outer.dir, { purpose, fence: outer.db });
    const lost = await WriterLock.acquire(inner.dir, { purpose, fence: inner.db });
    inner.db.exec('UPDATE writer_fence SET epoch = 9');
    const nested = (): unknown => kept.write(() => lost.write(() => 1));
    expect(thrown(nested)).toMatchObject({ code: 'FENCED' });
    kept.write((db) => db.exec(insert));
    expect(kept.signal.aborted).toBe(false);
    expect(lost.signal.aborted).toBe(true);
  });

  test('100 depositions: FENCED each time, 0 late rows', async () => {
    using p = place();
    const config = { dir: p.dir, fence: p.file };
    await using first = await startPuppet(config);
    await using second = await startPuppet(config);
    const texts: string[] = [];
    const codes = new Set<unknown>();
    let [holder, successor]: [Puppet, Puppet] = [first, second];
    await holder.ask('acquire');
    for (let round = 0; round < 100; round++) {
      await holder.ask('write', { text: `${round} before` });
      deleteByHand(p.dir);
      await successor.ask('acquire');
      await successor.ask('write', { text: `${round} after` });
      texts.push(`${round} before`, `${round} after`);
      codes.add((await rejection(holder.ask('write', { text: `${round} late` })))['code']);
      [holder, successor] = [successor, holder];
    }
    expect([...codes]).toEqual(['FENCED']);
    expect(p.rows()).toEqual(texts);
  });

  test('a holder stopped inside a transaction blocks the bump, and its row lands before the new epoch', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    const writing = holder.ask('stopInWrite', { text: 'by epoch 1' });
    await holder.heard('inside');
    await holder.stopped();
    deleteByHand(p.dir);
    const refused = await rejection(
      WriterLock.acquire(p.dir, { purpose, fence: p.db, waitMs: 300 }),
    );
    expect(refused).toMatchObject({ code: 'LOCK_HELD', reason: 'in-transaction' });
    holder.child.kill('SIGCONT');
    await writing;
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    lock.write((db) => db.exec("INSERT INTO t (text, epoch) VALUES ('by epoch 2', 2)"));
    expect(await rejection(holder.ask('write', { text: 'late' }))).toMatchObject({
      code: expect.stringMatching(/^(FENCED|LOCK_LOST)$/),
    });
    expect(p.rows()).toEqual(['by epoch 1', 'by epoch 2']);
    await lock.release();
  });
});
