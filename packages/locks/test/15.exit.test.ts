import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type LockStep, WriterLock } from '@tb/locks';
import { place } from './place.ts';
import { startHolder, startPuppet } from './puppet.ts';

const purpose = 'successor';

/** The place works again, at once, with a higher epoch, and nothing of the dead one is left. */
async function expectFree(dir: string, epoch: number): Promise<void> {
  const start = performance.now();
  const lock = await WriterLock.acquire(dir, { purpose });
  expect(performance.now() - start).toBeLessThan(1_000);
  expect(lock.epoch).toBe(epoch);
  await lock.release();
  expect(
    readdirSync(dir)
      .filter((name) => name.startsWith('.writer'))
      .sort(),
  ).toEqual(['.writer.guard', '.writer.lock']);
}

describe('the holder ends', () => {
  test('by kill -9: its place is free', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    await holder.signal('SIGKILL');
    expect((await WriterLock.inspect(p.dir)).verdict).toBe('stale-reclaimable');
    await expectFree(p.dir, 2);
  });

  test('by process.exit: record released, directory removed', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    void holder.ask('exit');
    expect(await holder.ended).toBe(0);
    const seen = await WriterLock.inspect(p.dir);
    expect(seen).toMatchObject({
      verdict: 'free',
      directory: false,
      holder: { state: 'released' },
    });
    await expectFree(p.dir, 2);
  });

  test('by process.exit with the heartbeat on a worker', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, heartbeat: 'worker' });
    void holder.ask('exit');
    expect(await holder.ended).toBe(0);
    expect(await WriterLock.inspect(p.dir)).toMatchObject({ verdict: 'free', directory: false });
    await expectFree(p.dir, 2);
  });

  test('by an uncaught throw', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    void holder.ask('crash');
    expect(await holder.ended).toBe(1);
    expect((await WriterLock.inspect(p.dir)).verdict).toBe('free');
    await expectFree(p.dir, 2);
  });

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('by %s', async (name) => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    await holder.signal(name);
    expect(await holder.ended).toBe(name);
    expect(existsSync(p.at('.writer.lock.lock'))).toBe(false);
    await expectFree(p.dir, 2);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('by %s with a worker heartbeat', async (name) => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, heartbeat: 'worker' });
    await holder.signal(name);
    await holder.ended;
    await expectFree(p.dir, 2);
  });
});

describe('killed at a step of acquire', () => {
  // Before its record stands a killed process leaves no epoch in it; an epoch issued in the database stays issued.
  const steps: [LockStep, number][] = [
    ['guard-taken', 2],
    ['judged', 2],
    ['epoch-issued', 2],
    ['record-written', 3],
    ['directory-made', 3],
  ];
  test.each(steps)('%s: the next one acquires at once', async (killAt, recordEpoch) => {
    using p = place();
    await (await WriterLock.acquire(p.dir, { purpose, fence: p.db })).release();
    await using victim = await startPuppet({ dir: p.dir, fence: p.file, killAt });
    void victim.ask('acquire');
    expect(await victim.ended).toBe('SIGKILL');
    await expectFree(p.dir, recordEpoch);
    const lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    expect(lock.epoch).toBe(recordEpoch + 1);
    await lock.release();
  });
});

describe('killed at a step of release', () => {
  const steps: LockStep[] = [
    'release-marked',
    'directory-removed',
    'record-released',
    'guard-closed',
  ];
  test.each(steps)('%s: the next one acquires at once', async (killAt) => {
    using p = place();
    await using victim = await startHolder({ dir: p.dir, fence: p.file, killAt });
    void victim.ask('release');
    expect(await victim.ended).toBe('SIGKILL');
    await expectFree(p.dir, 2);
  });
});
