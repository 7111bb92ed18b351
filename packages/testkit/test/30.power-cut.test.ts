import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import {
  type Command,
  DiskModel,
  type NameModel,
  parseRecording,
  powerCuts,
  runFaulted,
  seedOf,
  shimUnavailable,
  tempRoot,
} from '@tb/testkit';
import Database from 'better-sqlite3';

const seed = seedOf();
const STATES = 300;
const missing = await shimUnavailable();
const child = (name: string): string =>
  fileURLToPath(new URL(`./children/${name}.mjs`, import.meta.url));

/** Records one run, rebuilds `STATES` disks, and returns what `check` had against each. */
async function cut(
  argv: (root: string) => readonly string[],
  model: NameModel,
  prepare: (root: string) => void,
  check: (disk: string, acked: string) => string | undefined,
): Promise<string[]> {
  using root = tempRoot('record');
  prepare(root.path);
  const disk = new DiskModel(root.path, model);
  const command: Command = { argv: [process.execPath, ...argv(root.path)] };
  const run = await runFaulted(command, {
    root: root.path,
    point: { mode: 'record', at: 0, seed },
  });
  expect(run.exitCode).toBe(0);
  const entries = parseRecording(run.recording);
  const bad: string[] = [];
  for (const state of powerCuts({ disk, entries, model, seed, states: STATES })) {
    using target = tempRoot('cut');
    state.write(target.path);
    const verdict = check(target.path, state.acked);
    if (verdict !== undefined) bad.push(`after ${state.after}: ${verdict}`);
  }
  return bad;
}

function checkRows(disk: string, acked: string): string | undefined {
  const ids = acked.split('\n').filter((line) => line !== '');
  if (!existsSync(`${disk}/a.db`)) return ids.length > 0 ? 'no database' : undefined;
  const db = new Database(`${disk}/a.db`);
  try {
    const health = db.pragma('integrity_check', { simple: true });
    if (health !== 'ok') return `integrity: ${health}`;
    const made = db.prepare("SELECT count(*) FROM sqlite_schema WHERE name = 't'").pluck().get();
    const rows = new Set(
      made === 1 ? db.prepare('SELECT id FROM t').pluck().all().map(String) : [],
    );
    const lost = ids.filter((id) => !rows.has(id));
    return lost.length > 0 ? `acked rows ${lost.join(', ')} are lost` : undefined;
  } finally {
    db.close();
  }
}

function checkPublished(disk: string, acked: string): string | undefined {
  const [old, fresh] = [`${disk}/old.txt`, `${disk}/new.txt`];
  const whole = (path: string): boolean =>
    existsSync(path) && readFileSync(path, 'latin1') === 'published '.repeat(2000);
  if (existsSync(fresh) && !whole(fresh)) return 'the published file is torn';
  if (acked !== '' && !whole(fresh)) return 'the acked file is lost';
  return existsSync(old) || whole(fresh) ? undefined : 'old and new are both gone';
}

(missing === undefined ? describe : describe.skip)(
  `power cuts, seed ${seed}${missing ? ` (${missing})` : ''}`,
  () => {
    const sqlite = (synchronous: string, model: NameModel, bug = ''): Promise<string[]> =>
      cut(
        (root) => [child('sqlite-commits'), root, synchronous, bug],
        model,
        () => {},
        checkRows,
      );
    const publish = (bug: string, model: NameModel): Promise<string[]> =>
      cut(
        (root) => [child('publish-file'), root, bug],
        model,
        (root) => writeFileSync(`${root}/old.txt`, 'old'),
        checkPublished,
      );

    test.each(['ordered', 'strict'] as const)(
      'SQLite with synchronous=FULL loses no acked row (%s names)',
      async (model) => {
        expect(await sqlite('FULL', model)).toEqual([]);
      },
    );

    test('control: SQLite with synchronous=NORMAL loses acked rows', async () => {
      expect((await sqlite('NORMAL', 'ordered')).length).toBeGreaterThan(STATES / 10);
    });

    test('control: an ack before the commit is caught', async () => {
      expect((await sqlite('FULL', 'ordered', 'early')).length).toBeGreaterThan(0);
    });

    test.each(['ordered', 'strict'] as const)(
      'temp, fsync, rename, fsync of the folder publishes whole or not at all (%s names)',
      async (model) => {
        expect(await publish('none', model)).toEqual([]);
      },
    );

    test.each([
      ['no-file-fsync', 'ordered'],
      ['no-folder-fsync', 'strict'],
      ['ack-early', 'ordered'],
      ['delete-first', 'ordered'],
      ['rename-early', 'ordered'],
    ] as const)('planted bug %s is caught', async (bug, model) => {
      expect((await publish(bug, model)).length).toBeGreaterThan(0);
    });

    test('equal seeds rebuild equal disks', async () => {
      const once = async (): Promise<string[]> => await sqlite('NORMAL', 'strict');
      expect((await once()).length).toBe((await once()).length);
    });

    test('a folder that has the inode number of a deleted file is synced as the folder that it is', () => {
      using root = tempRoot('names');
      const disk = new DiskModel(root.path, 'strict');
      const inode = 7n;
      disk.apply({ kind: 'create', inode, path: `${root.path}/file`, mode: 0o644 });
      disk.apply({ kind: 'unlink', path: `${root.path}/file` });
      disk.apply({ kind: 'mkdir', path: `${root.path}/sub` });
      disk.apply({ kind: 'sync', inode: 0n, path: root.path });
      disk.apply({ kind: 'create', inode: 8n, path: `${root.path}/sub/file`, mode: 0o644 });
      disk.apply({ kind: 'sync', inode, path: `${root.path}/sub` });
      expect(disk.pendingNames).toEqual([]);
    });

    test('a folder that was never synced takes its files along', async () => {
      using root = tempRoot('names');
      const disk = new DiskModel(root.path, 'strict');
      const inode = 1n;
      disk.apply({ kind: 'mkdir', path: `${root.path}/sub` });
      disk.apply({ kind: 'create', inode, path: `${root.path}/sub/file`, mode: 0o644 });
      disk.apply({ kind: 'sync', inode, path: `${root.path}/sub/file` });
      mkdirSync(root.at('out'));
      expect(disk.pendingNames.length).toBe(2);
      disk.apply({ kind: 'sync', inode: 0n, path: root.path });
      expect(disk.root.durable.has('sub')).toBe(true);
      expect(disk.pendingNames.length).toBe(1);
    });
  },
);
