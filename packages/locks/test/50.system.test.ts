import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, statSync } from 'node:fs';
import { freemem } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { WriterLock } from '@tb/locks';
import { canActAsOther } from '@tb/testkit';
import { acquireOn } from '../src/acquire.ts';
import { breakOn } from '../src/break.ts';
import { machineWith } from './machines.ts';
import { place, rejection } from './place.ts';
import { startHolder, startPuppet } from './puppet.ts';

const purpose = 'test';
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const canMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;
const mounted = canMount ? test : test.skip;
const asOther =
  canActAsOther() && spawnSync('setpriv', ['--version']).status === 0 ? test : test.skip;
const NOBODY = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];

/** Runs the puppet in a mount namespace of its own, after a command that mounts something. */
function withMount(command: string): string[] {
  return ['unshare', '--mount', 'sh', '-c', `${command} && exec "$0" "$@"`];
}

describe('no space (needs root and unshare)', () => {
  mounted('full disk: NO_SPACE, nothing stays behind, and it works again at once', async () => {
    using p = place();
    const prefix = withMount(`mount -t tmpfs -o size=64k tmpfs ${p.dir}`);
    await using puppet = await startPuppet({ dir: p.dir }, { prefix });
    await puppet.ask('fill');
    expect(await rejection(puppet.ask('acquire'))).toMatchObject({
      code: 'NO_SPACE',
      message: `${p.dir}: ENOSPC`,
    });
    expect(await puppet.ask('list')).toEqual(['.writer.guard', 'filler']);
    await puppet.ask('unfill');
    expect(await puppet.ask('acquire')).toMatchObject({ epoch: 1 });
  });

  mounted('full disk while it is held: release gives the place back', async () => {
    using p = place();
    const prefix = withMount(`mount -t tmpfs -o size=64k tmpfs ${p.dir}`);
    await using puppet = await startPuppet({ dir: p.dir }, { prefix });
    await puppet.ask('acquire');
    await puppet.ask('fill');
    await puppet.ask('release');
    expect(await puppet.ask('inspect')).toMatchObject({
      verdict: 'free',
      holder: { state: 'released', epoch: 1 },
    });
    await puppet.ask('unfill');
    expect(await puppet.ask('acquire')).toMatchObject({ epoch: 2 });
  });

  mounted('full disk and a fence: NO_SPACE from the database', async () => {
    using p = place();
    const prefix = withMount(`mount -t tmpfs -o size=256k tmpfs ${p.dir}`);
    await using puppet = await startPuppet({ dir: p.dir, fence: p.file }, { prefix });
    await puppet.ask('fill');
    expect(await rejection(puppet.ask('acquire'))).toMatchObject({ code: 'NO_SPACE' });
    await puppet.ask('unfill');
    expect(await puppet.ask('acquire')).toMatchObject({ epoch: 1 });
  });

  mounted('no inodes: NO_SPACE', async () => {
    using p = place();
    const prefix = withMount(`mount -t tmpfs -o nr_inodes=2 tmpfs ${p.dir}`);
    await using puppet = await startPuppet({ dir: p.dir }, { prefix });
    await puppet.ask('fill', { sizeBytes: 1 });
    expect(await rejection(puppet.ask('acquire'))).toMatchObject({ code: 'NO_SPACE' });
    expect(await puppet.ask('list')).toEqual(['filler']);
  });
});

describe('not writable', () => {
  mounted(
    'read-only mount: GUARD_READONLY, not a lock that locks nothing (needs root and unshare)',
    async () => {
      using p = place();
      await (await WriterLock.acquire(p.dir, { purpose })).release();
      const prefix = withMount(
        `mount --bind ${p.dir} ${p.dir} && mount -o remount,bind,ro ${p.dir}`,
      );
      await using puppet = await startPuppet({ dir: p.dir }, { prefix });
      expect(await rejection(puppet.ask('acquire'))).toMatchObject({ code: 'GUARD_READONLY' });
    },
  );

  mounted('read-only mount without a guard: GUARD_READONLY (needs root and unshare)', async () => {
    using p = place();
    const prefix = withMount(`mount --bind ${p.dir} ${p.dir} && mount -o remount,bind,ro ${p.dir}`);
    await using puppet = await startPuppet({ dir: p.dir }, { prefix });
    expect(await rejection(puppet.ask('acquire'))).toMatchObject({ code: 'GUARD_READONLY' });
  });

  asOther(
    'another user, guard 0644: GUARD_READONLY, although SQLite grants (needs root)',
    async () => {
      using p = place();
      await (await WriterLock.acquire(p.dir, { purpose })).release();
      chmodSync(p.dir, 0o777);
      expect(statSync(p.at('.writer.guard')).mode & 0o777).toBe(0o644);
      const trap = spawnSync(
        NOBODY[0] ?? '',
        [
          ...NOBODY.slice(1),
          process.execPath,
          '-e',
          `const db = new (require('better-sqlite3'))(process.argv[1], { timeout: 0 });
         db.exec('BEGIN IMMEDIATE'); console.log('granted', db.readonly);`,
          p.at('.writer.guard'),
        ],
        { encoding: 'utf8', cwd: new URL('..', import.meta.url) },
      );
      expect(trap.stdout).toBe('granted false\n'); // the trap is real
      await using puppet = await startPuppet({ dir: p.dir }, { prefix: NOBODY });
      expect(await rejection(puppet.ask('acquire'))).toMatchObject({ code: 'GUARD_READONLY' });
      expect(await puppet.ask('inspect')).toMatchObject({ verdict: 'free', osLock: 'unknown' });
    },
  );

  asOther('another user, folder 0755: GUARD_READONLY (needs root)', async () => {
    using p = place();
    chmodSync(p.dir, 0o755);
    await using puppet = await startPuppet({ dir: p.dir }, { prefix: NOBODY });
    expect(await rejection(puppet.ask('acquire'))).toMatchObject({ code: 'GUARD_READONLY' });
    expect(readdirSync(p.dir).filter((name) => name.startsWith('.writer'))).toEqual([]);
  });

  asOther('another user, a live holder of ours: held, whoever looks (needs root)', async () => {
    using p = place();
    chmodSync(p.dir, 0o777);
    await using holder = await startHolder({ dir: p.dir });
    chmodSync(p.at('.writer.guard'), 0o666);
    await using puppet = await startPuppet({ dir: p.dir }, { prefix: NOBODY });
    expect(await rejection(puppet.ask('acquire'))).toMatchObject({
      code: 'LOCK_HELD',
      reason: 'os-lock',
      holder: { pid: holder.pid },
    });
  });

  asOther(
    'a writer that is not root acquires and releases in its own folder (needs root)',
    async () => {
      using p = place();
      chownSync(p.dir, 65534, 65534);
      await using puppet = await startHolder({ dir: p.dir }, { prefix: NOBODY });
      await puppet.ask('release');
      expect((await WriterLock.inspect(p.dir)).verdict).toBe('free');
    },
  );
});

describe('network file systems', () => {
  const nfs = machineWith({ networkFs: () => 'nfs' });

  test('refused by default, before any file is made', async () => {
    using p = place();
    const error = await rejection(acquireOn(nfs, p.dir, { purpose }));
    expect(error).toMatchObject({ code: 'NETWORK_FS' });
    expect(error['hint']).toContain("networkFs: 'allow'");
    expect(readdirSync(p.dir).filter((name) => name.startsWith('.writer'))).toEqual([]);
  });

  test('allowed when opted in; a break does not ask again', async () => {
    using p = place();
    const lock = await acquireOn(nfs, p.dir, { purpose, networkFs: 'allow' });
    await lock.release();
    await using holder = await startHolder({ dir: p.dir });
    await holder.signal('SIGKILL');
    expect(await breakOn(nfs, p.dir, {})).toMatchObject({ outcome: 'reclaimed', epoch: 3 });
  });
});

test('a killed holder with gigabytes of memory: its place is free when the kernel has freed them', async () => {
  using p = place();
  await using holder = await startHolder({ dir: p.dir });
  const sizeBytes = freemem() > 12 * 2 ** 30 ? 4 * 2 ** 30 : 2 ** 30;
  const { rss } = await holder.ask<{ rss: number }>('grow', { sizeBytes });
  expect(rss).toBeGreaterThan(sizeBytes * 0.9);
  holder.child.kill('SIGKILL');
  await using lock = await WriterLock.acquire(p.dir, { purpose, waitMs: 10_000 });
  expect(lock.epoch).toBe(2);
}, 60_000);
