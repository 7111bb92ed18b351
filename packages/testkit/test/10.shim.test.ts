import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import {
  buildShim,
  type FaultMode,
  type FaultRun,
  runFaulted,
  seedOf,
  shimUnavailable,
  tempRoot,
} from '@tb/testkit';
import Database from 'better-sqlite3';

const seed = seedOf();
const missing = await shimUnavailable();
const child = (name: string): string =>
  fileURLToPath(new URL(`./children/${name}.mjs`, import.meta.url));
const suite = missing === undefined ? describe : describe.skip;
const because = missing === undefined ? '' : ` (skipped: ${missing})`;

async function run(
  argv: readonly string[],
  mode: FaultMode,
  at: number,
  root: string,
): Promise<FaultRun> {
  return runFaulted(
    { argv: [process.execPath, ...argv, root] },
    { root, point: { mode, at, seed } },
  );
}

/** Names of the functions that a binary takes from other libraries. */
function imports(binary: string): string[] {
  const text = execFileSync('nm', ['-D', '--undefined-only', binary], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  return text.split('\n').map((line) => line.trim().split(/\s+/).pop()?.replace(/@.*/, '') ?? '');
}

/** Functions that change files. Those that are not hooked stand here with the reason. */
const STORAGE =
  /^(f?open|creat|p?write|p?writev|f?datasync|fsync|sync|msync|f?truncate|fallocate|posix_fallocate|rename|renameat|renameat2|link|linkat|symlink|symlinkat|unlink|unlinkat|remove|rmdir|mkdir|mkdirat|mkdtemp|mkstemps?|mkostemps?|mkfifo|mknod|copy_file_range|sendfile|splice|tee|vmsplice|syncfs|sync_file_range|openat|freopen|tmpfile|f?chmod|fchmodat|f?utimes|futimens|utimensat|utime|f?setxattr|syscall|mmap|pwritev2|pwritev64v2|exchangedata|io_submit|io_uring_.*|aio_write|lio_listio|shm_open)(64)?$/;
const NOT_HOOKED: Readonly<Record<string, string>> = {
  utimes: 'times of a file are not content',
  futimens: 'times of a file are not content',
  utimensat: 'times of a file are not content',
  msync: 'a mapping that could need it is refused at mmap',
  tmpfile64: 'makes an unnamed file in /tmp',
};

suite(`the fault shim${because}`, () => {
  test('hooks every storage function that node, SQLite and DuckDB import', async () => {
    const own = new Set(
      execFileSync('nm', ['-D', '--defined-only', await buildShim()], { encoding: 'utf8' })
        .split('\n')
        .map((line) => line.trim().split(/\s+/).pop() ?? ''),
    );
    const require = createRequire(import.meta.url);
    const binaries = [
      process.execPath,
      join(
        dirname(require.resolve('better-sqlite3/package.json')),
        'build/Release/better_sqlite3.node',
      ),
    ];
    const store = fileURLToPath(new URL('../../../node_modules/.pnpm/', import.meta.url));
    for (const entry of readdirSync(store).filter((name) =>
      name.startsWith('@duckdb+node-bindings-linux'),
    ))
      for (const file of ['libduckdb.so', 'duckdb.node']) {
        const found = join(
          store,
          entry,
          'node_modules',
          entry.replace('+', '/').replace(/@[^@]*$/, ''),
          file,
        );
        if (existsSync(found)) binaries.push(found);
      }
    expect(binaries.length).toBeGreaterThanOrEqual(4);
    const unhooked = binaries.flatMap((binary) =>
      imports(binary)
        .filter((name) => STORAGE.test(name) && !own.has(name) && NOT_HOOKED[name] === undefined)
        .map((name) => `${name} of ${binary}`),
    );
    expect(unhooked).toEqual([]);
  });

  test('counts the same calls in every run, and each number once', async () => {
    const counts: string[] = [];
    for (let i = 0; i < 3; i += 1) {
      using root = tempRoot('shim');
      const { calls, exitCode } = await run([child('sqlite-commits')], 'none', 0, root.path);
      expect(exitCode).toBe(0);
      expect(calls.map((call) => call.number)).toEqual(calls.map((_, index) => index + 1));
      counts.push(calls.map((call) => `${call.name} ${call.path}`).join('\n'));
    }
    expect(new Set(counts).size).toBe(1);
  });

  test('one counter covers threads, children and every way to write from Node', async () => {
    using root = tempRoot('shim');
    const { calls, exitCode, stderr } = await run([child('every-call')], 'none', 0, root.path);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
    expect(new Set(calls.map((call) => call.pid)).size).toBe(2);
    expect(new Set(calls.map((call) => call.tid)).size).toBeGreaterThan(2);
    expect(calls.map((call) => call.number)).toEqual(calls.map((_, index) => index + 1));
    const seen = new Set(calls.map((call) => call.name));
    for (const name of [
      'open',
      'write',
      'pwrite',
      'fsync',
      'fdatasync',
      'ftruncate',
      'rename',
      'link',
      'unlink',
      'mkdir',
      'rmdir',
      'mkdtemp',
      'fchmod',
      'chmod',
      'symlink',
    ])
      expect(seen).toContain(name);
    const copied = calls.filter((call) => /copy_file_range|sendfile/.test(call.name));
    expect(copied.map((call) => call.path)).toContain('copy');
  });

  test('a file outside the root is not touched', async () => {
    using root = tempRoot('shim');
    using outside = tempRoot('outside');
    const { calls, exitCode, fired } = await runFaulted(
      { argv: [process.execPath, child('sqlite-commits'), outside.path] },
      { root: root.path, point: { mode: 'eio-ever', at: 1, seed } },
    );
    expect([exitCode, fired, calls.length]).toEqual([0, 0, 0]);
  });

  test('the disk seems to have as much room as it is told, inside the root alone', async () => {
    using root = tempRoot('shim');
    const { stdout } = await runFaulted(
      { argv: [process.execPath, child('free-space'), root.path] },
      { root: root.path, freeBytes: 8 << 20, point: { mode: 'none', at: 0, seed } },
    );
    const [inside, outside] = JSON.parse(stdout) as [number, number];
    expect(inside).toBe(8 << 20);
    expect(outside).not.toBe(8 << 20);
  });

  test('kill: the process dies before the call; the call did not happen', async () => {
    using root = tempRoot('shim');
    const died = await run([child('write-steps')], 'kill', 3, root.path);
    expect([died.signal, died.fired, died.firedAt?.name, died.firedAt?.number]).toEqual([
      'SIGKILL',
      1,
      'write',
      3,
    ]);
    expect(readFileSync(root.at('file'), 'latin1')).toBe('a'.repeat(5000));
  });

  test('torn: a part of the bytes is there, and not all; short: the rest follows', async () => {
    using root = tempRoot('shim');
    const died = await run([child('write-steps')], 'torn', 1, root.path);
    expect([died.signal, died.fired]).toEqual(['SIGKILL', 1]);
    const size = readFileSync(root.at('file')).length;
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThan(5000);
    using other = tempRoot('shim');
    const short = await run([child('write-steps')], 'short', 1, other.path);
    expect([short.exitCode, short.fired, short.stdout]).toEqual([0, 1, 'ok\n']);
    expect(readFileSync(other.at('file'), 'latin1')).toBe('a'.repeat(5000) + 'b'.repeat(5000));
  });

  test('eio-once fails one call, eio-ever all after it, enospc leaves deleting alone', async () => {
    const errors = async (mode: FaultMode, at: number): Promise<string[]> => {
      using root = tempRoot('shim');
      const { stdout, fired } = await run([child('write-steps'), 'collect'], mode, at, root.path);
      expect(fired).toBeGreaterThan(0);
      return stdout.trim().split('\n');
    };
    expect(await errors('eio-once', 3)).toEqual(['write:EIO', 'ok']);
    expect(await errors('eio-ever', 4)).toEqual([
      'fsync:EIO',
      'truncate:EIO',
      'mkdir:EIO',
      'unlink:EIO',
      'ok',
    ]);
    expect(await errors('enospc-ever', 2)).toEqual([
      'write:ENOSPC',
      'write:ENOSPC',
      'truncate:ENOSPC',
      'mkdir:ENOSPC',
      'ok',
    ]);
  });

  test('a failed fsync drops what was not synced, and the next one says yes', async () => {
    using root = tempRoot('shim');
    writeFileSync(root.at('file'), 'before');
    const { stdout, fired } = await run([child('failed-fsync')], 'eio-once', 5, root.path);
    expect(fired).toBe(1);
    expect(stdout).toBe('synced one\nEIO\nsecond fsync: yes\none\n');
    expect(readFileSync(root.at('file'), 'latin1')).toBe('one');
  });

  test.each([
    ['clock-forward', 25],
    ['clock-back', -25],
  ] as const)('%s: the wall clock jumps at the call, timers go on', async (mode, hours) => {
    using root = tempRoot('shim');
    const { stdout, exitCode } = await run([child('clock')], mode, 2, root.path);
    expect(exitCode).toBe(0);
    const { wallMs, monotonicMs } = JSON.parse(stdout) as { wallMs: number; monotonicMs: number };
    expect(Math.round(wallMs / 3_600_000)).toBe(hours);
    expect(monotonicMs).toBeGreaterThanOrEqual(0);
    expect(monotonicMs).toBeLessThan(5000);
  });

  test('SQLite: acked = recovered at every fifth call, for kill and torn', async () => {
    for (const mode of ['kill', 'torn'] as const) {
      let at = 1;
      for (; ; at += 5) {
        using root = tempRoot('shim');
        const result = await run([child('sqlite-commits')], mode, at, root.path);
        if (result.fired === 0) break;
        const acked = result.stdout.split('\n').filter((line) => line !== '');
        const db = new Database(root.at('a.db'));
        const made = db
          .prepare("SELECT count(*) FROM sqlite_schema WHERE name = 't'")
          .pluck()
          .get();
        const rows = new Set(
          made === 1 ? db.prepare('SELECT id FROM t').pluck().all().map(String) : [],
        );
        expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
        db.close();
        expect({ at, lost: acked.filter((id) => !rows.has(id)) }).toEqual({ at, lost: [] });
      }
      expect(at).toBeGreaterThan(mode === 'kill' ? 60 : 35);
    }
  });
});

test('the skip of this suite is visible', () => {
  if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);
  expect(
    process.platform === 'linux' && process.env['CI'] !== undefined ? missing : undefined,
  ).toBeUndefined();
});
