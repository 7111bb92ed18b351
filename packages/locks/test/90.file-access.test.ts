import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { breakLock, type LockEvent, WriterLock } from '@tb/locks';
import { FILE_ACCESS } from './file-access.ts';
import { place } from './place.ts';
import { guardLocks } from './proc-locks.ts';
import { startPuppet } from './puppet.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Calls that open a file. stat, access, rename, link, unlink, mkdir and readdir open none. */
const OPENS =
  /^(open|openSync|openAsBlob|read(?!dir|link)\w*|write\w*|append\w*|copyFile\w*|cp|cpSync|truncate(Sync)?|createReadStream|createWriteStream|promises|default)$/;

/** Functions of `@tb/schema` that open the file they are given. */
const SHARED = /^(hashFile|sealFile)$/;

interface Module {
  readonly path: string;
  readonly text: string;
}

function modulesOf(folder: string): Module[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mts|mjs|js)$/.test(name))
    .map((name) => ({
      path: relative(root, join(folder, name)).replaceAll('\\', '/'),
      text: readFileSync(join(folder, name), 'utf8'),
    }));
}

/** Sources of all packages and apps; testkit is private and opens files to break them. */
function productModules(): Module[] {
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group))
      .filter((name) => name !== 'testkit')
      .flatMap((name) => modulesOf(join(root, group, name, 'src'))),
  );
}

/** Names that a module takes from node:fs or `@tb/schema` and that open files; `*` for the whole of node:fs. */
export function openingCalls(text: string): string[] {
  const found: string[] = [];
  const imports =
    /import\s+(type\s+)?([^;'"]*?)\s+from\s+['"](?:(@tb\/schema)|(?:node:)?fs(?:\/promises)?)['"]/g;
  for (const [, isType, names = '', shared] of text.matchAll(imports)) {
    if (isType !== undefined) continue;
    if (!names.includes('{') && shared === undefined) found.push('*');
    for (const name of names.replace(/[{}]/g, '').split(',')) {
      const [imported = ''] = name.trim().split(/\s+as\s+/);
      if ((shared === undefined ? OPENS : SHARED).test(imported)) found.push(imported);
    }
  }
  if (/\b(require|import|getBuiltinModule)\(\s*['"](node:)?fs(\/promises)?['"]\s*\)/.test(text))
    found.push('*');
  return found;
}

describe('files are opened only where that was checked', () => {
  const modules = productModules();

  test('a module that opens files with node:fs stands in the list', () => {
    expect(modules.length).toBeGreaterThan(100);
    const unlisted = modules
      .map(({ path, text }) => ({ path, calls: openingCalls(text) }))
      .filter(({ path, calls }) => calls.length > 0 && FILE_ACCESS[path] === undefined);
    expect(unlisted).toEqual([]);
  });

  test('the list has no entry that opens nothing', () => {
    const opening = new Set(
      modules.filter(({ text }) => openingCalls(text).length > 0).map(({ path }) => path),
    );
    expect(Object.keys(FILE_ACCESS).filter((path) => !opening.has(path))).toEqual([]);
  });

  test('the rule sees every way to open a file, and nothing else', () => {
    const seen: [string, string[]][] = [
      ["import { readFileSync, statSync } from 'node:fs';", ['readFileSync']],
      ["import { open as o,\n  cp } from 'node:fs/promises';", ['open', 'cp']],
      ["import fs from 'fs';", ['*']],
      ["import * as fs from 'node:fs';", ['*']],
      ["import { promises } from 'node:fs';", ['promises']],
      ["const fs = await import('node:fs/promises');", ['*']],
      ["const fs = require('fs');", ['*']],
      ["const fs = process.getBuiltinModule('node:fs');", ['*']],
      ["import { createReadStream } from 'node:fs';", ['createReadStream']],
      ["import { hashFile, type Layout, sealFile } from '@tb/schema';", ['hashFile', 'sealFile']],
      ["import { layoutOf, syncFolder } from '@tb/schema';", []],
      ["import type { Stats } from 'node:fs';", []],
      ["import { existsSync, readdirSync, readlinkSync, statSync } from 'node:fs';", []],
      ["import { opendir, mkdir } from 'node:fs/promises';", []],
    ];
    for (const [text, calls] of seen) expect(openingCalls(text)).toEqual(calls);
  });

  test('the OS lock, proper-lockfile and the SQLite library each have one module', () => {
    const using = (pattern: RegExp): string[] =>
      modules.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
    expect(
      using(/['"]better-sqlite3['"]\)|import (?!type)[^;]*from ['"]better-sqlite3['"]/),
    ).toEqual(['packages/locks/src/native-module.ts']);
    expect(
      using(/['"]proper-lockfile['"]\)|import (?!type)[^;]*from ['"]proper-lockfile['"]/),
    ).toEqual(['packages/locks/src/heartbeat.ts']);
    expect(using(/PRAGMA user_version = 1/)).toEqual(['packages/locks/src/os-guard.ts']);
  });
});

const linux = process.platform === 'linux' ? describe : describe.skip;

linux('our own operations never drop the OS lock (/proc/locks)', () => {
  test('after each step of acquire, and each public operation, it still stands', async () => {
    using p = place();
    const guard = p.at('.writer.guard');
    const without: string[] = [];
    const check = (what: string): void => {
      if (!guardLocks(guard).includes(process.pid)) without.push(what);
    };
    const onEvent = (event: LockEvent): void => {
      if (event.type === 'step' && event.step !== 'guard-closed') check(event.step);
    };
    const lock = await WriterLock.acquire(p.dir, { purpose: 'test', fence: p.db, onEvent });
    lock.write((db) => db.exec("INSERT INTO t (text, epoch) VALUES ('a', 1)"));
    check('write');
    p.db.exec('BEGIN');
    lock.checkEpoch(p.db);
    p.db.exec('COMMIT');
    check('checkEpoch');
    lock.assertHeld();
    check('assertHeld');
    await WriterLock.inspect(p.dir);
    check('inspect');
    await WriterLock.acquire(p.dir, { purpose: 'again' }).catch(() => check('refused acquire'));
    await breakLock(p.dir).catch(() => check('refused break'));
    await using other = await startPuppet({ dir: p.dir });
    await other.ask('acquire').catch(() => check('acquire of another process'));
    await other.ask('inspect');
    check('inspect by another process');
    await lock.release();
    expect(without).toEqual([]);
    expect(guardLocks(guard)).toEqual([]);
  });

  test('the check itself sees a lock that was dropped', async () => {
    using p = place();
    await using lock = await WriterLock.acquire(p.dir, { purpose: 'test' });
    expect(guardLocks(p.at('.writer.guard'))).toEqual([process.pid]);
    readFileSync(p.at('.writer.guard')); // the trap: see docs/locks.md, 7.1
    expect(guardLocks(p.at('.writer.guard'))).toEqual([]);
    lock.assertHeld();
  });
});
