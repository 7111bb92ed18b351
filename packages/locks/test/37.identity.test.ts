import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { WriterLock } from '@tb/locks';
import { canActAsOther } from '@tb/testkit';
import { acquireOn } from '../src/acquire.ts';
import { inspectOn } from '../src/inspect.ts';
import { hurried, machineWith } from './machines.ts';
import { place, rejection } from './place.ts';
import { processState, startHolder } from './puppet.ts';

const purpose = 'test';
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

/** `unshare` of pid and mount namespaces: a container as far as the lock can see. */
function canUnshare(): boolean {
  return isRoot && spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;
}
const CONTAINER = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const inContainer = canUnshare() ? test : test.skip;

function editRecord(path: string, changes: object): void {
  const record = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...record, ...changes }));
}

describe('the same machine', () => {
  const withLastPid = isRoot ? test : test.skip;
  withLastPid(
    'pid reused by another process (ns_last_pid; needs root): dead, not alive',
    async () => {
      using p = place();
      await using holder = await startHolder({ dir: p.dir });
      await holder.signal('SIGKILL');
      let reused = spawn('sleep', ['0']);
      for (let tries = 0; tries < 50 && reused.pid !== holder.pid; tries++) {
        reused.kill('SIGKILL');
        writeFileSync('/proc/sys/kernel/ns_last_pid', String(holder.pid - 1));
        reused = spawn('sleep', ['60']);
      }
      expect(reused.pid).toBe(holder.pid);
      expect((await WriterLock.inspect(p.dir)).verdict).toBe('stale-reclaimable');
      const why: string[] = [];
      await using lock = await WriterLock.acquire(p.dir, {
        purpose,
        onEvent: (event) => event.type === 'reclaimed' && why.push(event.why),
      });
      expect(why).toEqual([`pid ${holder.pid} belongs to a later process`]);
      lock.assertHeld();
      reused.kill('SIGKILL');
    },
  );

  test('a zombie that nobody reaps is dead', async () => {
    using p = place();
    // Its parent never waits: the holder stays in the process table.
    const script = fileURLToPath(new URL('children/puppet.mjs', import.meta.url));
    const python = `
import subprocess, sys, time
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdout.readline()
child.stdin.write(b'{"id":1,"verb":"acquire"}\\n'); child.stdin.flush()
child.stdout.readline()
child.kill()
print(child.pid, flush=True)
sys.stdin.read()`;
    const parent = spawn('python3', [
      '-c',
      python,
      process.execPath,
      script,
      JSON.stringify({ dir: p.dir }),
    ]);
    const pid = Number(
      await new Promise((resolve) => parent.stdout.once('data', (data) => resolve(String(data)))),
    );
    while (processState(pid) !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
    await using lock = await WriterLock.acquire(p.dir, { purpose });
    expect(lock.epoch).toBe(2);
    expect(processState(pid)).toBe('Z');
    parent.stdin.end();
  });

  const withHidepid = canUnshare() && canActAsOther() ? test : test.skip;
  withHidepid(
    'a holder of another user behind hidepid=2 (needs root and unshare) is alive',
    async () => {
      using p = place();
      spawnSync('chmod', ['777', p.dir]);
      await using holder = await startHolder({ dir: p.dir });
      spawnSync('rm', [p.at('.writer.guard')]); // only the record is left to refuse
      spawnSync('chmod', ['-R', 'a+rwX', p.dir]);
      const script = fileURLToPath(new URL('children/puppet.mjs', import.meta.url));
      const command = `mount -o remount,hidepid=2 /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$0" "$1" "$2"`;
      const child = spawnSync(
        'unshare',
        ['--mount', 'sh', '-c', command, process.execPath, script, JSON.stringify({ dir: p.dir })],
        { input: '{"id":1,"verb":"acquire"}\n', encoding: 'utf8' },
      );
      expect(child.stdout).toContain('"code":"GUARD_LOST"');
      await holder.signal('SIGKILL');
    },
  );

  test('rebooted since: dead at once', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    editRecord(p.at('.writer.lock'), { bootId: 'the boot before' });
    await holder.signal('SIGKILL');
    await using lock = await WriterLock.acquire(p.dir, { purpose });
    expect(lock.epoch).toBe(2);
  });

  test('clock 12 s ahead: a live holder keeps its lock, guard or no guard', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    const ahead = machineWith({ nowMs: () => Date.now() + 12_000 });
    expect(await rejection(acquireOn(ahead, p.dir, { purpose }))).toMatchObject({
      code: 'LOCK_HELD',
    });
    spawnSync('rm', [p.at('.writer.guard')]);
    expect(await rejection(acquireOn(ahead, p.dir, { purpose }))).toMatchObject({
      code: 'GUARD_LOST',
    });
    await holder.signal('SIGKILL');
  });

  test('clock set back by an hour: a dead holder’s place is free all the same', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    await holder.signal('SIGKILL');
    const back = machineWith({ nowMs: () => Date.now() - 3_600_000 });
    const lock = await acquireOn(back, p.dir, { purpose });
    expect(lock.epoch).toBe(2);
    await lock.release();
  });

  test('clock 12 s ahead and an unknown directory that beats: refused', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    spawnSync('rm', [p.at('.writer.guard'), p.at('.writer.lock')]);
    const beating = setInterval(() => {
      const now = Date.now() / 1_000;
      utimesSync(p.at('.writer.lock.lock'), now, now);
    }, 100);
    const ahead = hurried(10, { nowMs: () => Date.now() + 13_000 });
    const error = await rejection(acquireOn(ahead, p.dir, { purpose }));
    clearInterval(beating);
    expect(error).toMatchObject({ code: 'LOCK_HELD', reason: 'other-tool' });
    await holder.signal('SIGKILL');
  });

  test('equal mtimes do not hide a change of owner', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir, fence: p.file });
    const mtime = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 5);
    spawnSync('rm', ['-r', p.at('.writer.guard'), p.at('.writer.lock'), p.at('.writer.lock.lock')]);
    await using lock = await WriterLock.acquire(p.dir, { purpose, fence: p.db });
    utimesSync(p.at('.writer.lock.lock'), mtime, mtime); // what raw proper-lockfile compares
    await holder.heard('lost');
    expect(await holder.ask('lost')).toEqual({ lostCode: 'LOCK_LOST' });
    lock.assertHeld();
  });
});

describe('another machine', () => {
  const elsewhere = machineWith({
    bootId: () => 'another boot',
    machineId: () => 'another machine',
  });

  test('refuse: LOCK_FOREIGN at once, also after an hour of silence', async () => {
    using p = place();
    await using _holder = await startHolder({ dir: p.dir });
    spawnSync('rm', [p.at('.writer.guard')]); // its kernel is not ours
    utimesSync(p.at('.writer.lock.lock'), 1, 1);
    const error = await rejection(acquireOn(elsewhere, p.dir, { purpose, waitMs: 10_000 }));
    expect(error).toMatchObject({ code: 'LOCK_FOREIGN', retryable: false });
    expect(error['hint']).toContain('tb locks break --foreign');
    expect((await inspectOn(elsewhere, p.dir)).verdict).toBe('held-elsewhere');
  });

  test('after-quiet: refused while it beats, taken after the silence', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir });
    spawnSync('rm', [p.at('.writer.guard')]);
    const options = { purpose, foreign: 'after-quiet', foreignQuietMs: 20_000 } as const;
    const machine = hurried(20, { bootId: elsewhere.bootId, machineId: elsewhere.machineId });
    const beating = setInterval(() => {
      const now = Date.now() / 1_000;
      utimesSync(p.at('.writer.lock.lock'), now, now);
    }, 50);
    expect(await rejection(acquireOn(machine, p.dir, options))).toMatchObject({
      code: 'LOCK_FOREIGN',
    });
    clearInterval(beating);
    await holder.signal('SIGKILL');
    const lock = await acquireOn(machine, p.dir, options);
    expect(lock.epoch).toBe(2);
    await lock.release();
  });
});

describe('another container of this kernel (needs root and unshare)', () => {
  inContainer('alive: refused by the OS lock, which knows no namespaces', async () => {
    using p = place();
    await using _holder = await startHolder({ dir: p.dir }, { prefix: CONTAINER });
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: 'LOCK_HELD',
      reason: 'os-lock',
    });
  });

  inContainer('killed: free 5 s after its last heartbeat', async () => {
    using p = place();
    await using holder = await startHolder({ dir: p.dir }, { prefix: CONTAINER });
    await holder.signal('SIGKILL');
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: 'LOCK_HELD',
      reason: 'other-container',
    });
    await using lock = await WriterLock.acquire(p.dir, { purpose, waitMs: 10_000 });
    expect(lock.epoch).toBe(2);
  });

  inContainer('alive, its guard deleted: refused by the heartbeat', async () => {
    using p = place();
    await using _holder = await startHolder({ dir: p.dir }, { prefix: CONTAINER });
    spawnSync('rm', [p.at('.writer.guard')]);
    expect(await rejection(WriterLock.acquire(p.dir, { purpose }))).toMatchObject({
      code: 'LOCK_HELD',
      reason: 'other-container',
    });
  });
});
