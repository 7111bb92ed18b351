import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import {
  DatabaseManager,
  type LiveOwner,
  type ManagerBase,
  type MarketDataOwner,
  ownerOf,
  ROLES,
  type Role,
} from '@tb/manager';
import type { StoreName } from '@tb/schema';
import { dataRoot } from './roots.ts';

const STORES: readonly StoreName[] = ['trading', 'signals', 'config', 'index'];
const MAY_WRITE: Readonly<Record<Role, readonly StoreName[]>> = {
  ingestor: [],
  execution: ['trading'],
  scanner: ['signals'],
  api: ['config'],
  backtest: ['index'],
  ops: STORES,
  reader: [],
};

describe('ownership at run time', () => {
  test.each(ROLES)('%s writes what the table of roles says, and nothing else', async (role) => {
    using root = await dataRoot(`role-${role}`);
    const exchanges = role === 'ingestor' ? { exchanges: ['nse'] } : {};
    await using opened = await DatabaseManager.open({ root: root.path, role, ...exchanges });
    // Around the compiler, as a caller in plain JavaScript would.
    const manager = opened as unknown as ManagerBase<'ops'> & LiveOwner & MarketDataOwner;
    for (const store of STORES) {
      const write = manager.write(store, async () => 'written');
      if (MAY_WRITE[role].includes(store)) await expect(write).resolves.toBe('written');
      else
        await expect(write).rejects.toMatchObject({
          code: 'NOT_OWNER',
          message: expect.stringContaining(`which ${ownerOf(store)} owns`),
          hint: expect.stringContaining(ownerOf(store)),
        });
    }
    if (role !== 'ingestor')
      expect(() => manager.live('nse')).toThrow(expect.objectContaining({ code: 'NOT_OWNER' }));
    if (role !== 'ingestor' && role !== 'ops')
      await expect(manager.marketDataWriter()).rejects.toMatchObject({ code: 'NOT_OWNER' });
  });

  test('every role reads every store', async () => {
    using root = await dataRoot('read-all');
    await using manager = await DatabaseManager.open({ root: root.path, role: 'reader' });
    const counts = [
      await manager.read('trading', (db) => db.selectFrom('orders').selectAll().execute()),
      await manager.read('signals', (db) => db.selectFrom('signals').selectAll().execute()),
      await manager.read('config', (db) => db.selectFrom('settings').selectAll().execute()),
      await manager.read('index', (db) => db.selectFrom('runs').selectAll().execute()),
    ];
    expect(counts).toEqual([[], [], [], []]);
  });

  test('an unknown role or store is refused with the rule', async () => {
    using root = await dataRoot('unknown');
    await expect(DatabaseManager.open({ root: root.path, role: 'admin' as Role })).rejects.toThrow(
      /^Role "admin" is none of/,
    );
    await using manager = await DatabaseManager.open({ root: root.path, role: 'ops' });
    await expect(manager.write('live' as 'config', async () => {})).rejects.toThrow(RangeError);
    await expect(manager.read('live' as 'config', async () => {})).rejects.toThrow(RangeError);
  });

  test('an ingestor names its exchanges, and no other role has any', async () => {
    using root = await dataRoot('exchanges');
    await expect(DatabaseManager.open({ root: root.path, role: 'ingestor' })).rejects.toThrow(
      'An ingestor names at least one exchange',
    );
    await expect(
      DatabaseManager.open({ root: root.path, role: 'api', exchanges: ['nse'] }),
    ).rejects.toThrow('owns no live buffer');
  });
});

describe('locks by role', () => {
  test('a second owner is refused at once, and waits when it is told to', async () => {
    using root = await dataRoot('second');
    const first = await DatabaseManager.open({ root: root.path, role: 'execution' });
    await expect(
      DatabaseManager.open({ root: root.path, role: 'execution' }),
    ).rejects.toMatchObject({ code: 'LOCK_HELD' });
    await first.close();
    await using _second = await DatabaseManager.open({ root: root.path, role: 'execution' });
  });

  test('ops takes the lock for each write: refused while the owner runs, free before and after', async () => {
    using root = await dataRoot('ops');
    await using ops = await DatabaseManager.open({ root: root.path, role: 'ops' });
    await ops.write('trading', async () => {});
    const owner = await DatabaseManager.open({ root: root.path, role: 'execution' });
    await expect(ops.write('trading', async () => {})).rejects.toMatchObject({ code: 'LOCK_HELD' });
    await owner.close();
    await ops.write('trading', async () => {});
    await using _owner = await DatabaseManager.open({ root: root.path, role: 'execution' });
  });

  test('an open that fails half way gives back every lock that it took', async () => {
    using root = await dataRoot('half');
    const held = await DatabaseManager.open({
      root: root.path,
      role: 'ingestor',
      exchanges: ['xnas'],
    });
    // Locks are taken in the order of the names: nse first, then xnas refuses.
    await expect(
      DatabaseManager.open({ root: root.path, role: 'ingestor', exchanges: ['xnas', 'nse'] }),
    ).rejects.toMatchObject({ code: 'LOCK_HELD' });
    await using _nse = await DatabaseManager.open({
      root: root.path,
      role: 'ingestor',
      exchanges: ['nse'],
    });
    await held.close();
  });
});

describe('ownership at compile time', () => {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const packageFolder = join(here, '..');
  const source = readFileSync(join(here, 'role-types.ts'), 'utf8');

  function compile(text: string): { ok: boolean; output: string } {
    const folder = mkdtempSync(join(here, '.types-'));
    try {
      writeFileSync(join(folder, 'case.ts'), text);
      const options = {
        extends: '../../../../tsconfig.test.json',
        compilerOptions: { rootDir: '/' },
        include: ['case.ts'],
      };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(options));
      execFileSync(
        process.execPath,
        [join(packageFolder, 'node_modules/typescript/bin/tsc'), '-p', folder],
        { encoding: 'utf8' },
      );
      return { ok: true, output: '' };
    } catch (error) {
      return { ok: false, output: String((error as { stdout?: unknown }).stdout) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  test('the assertions of role-types.ts hold', () => {
    expect(compile(source)).toEqual({ ok: true, output: '' });
  });

  test('each assertion can fail: without its comment the line does not compile', () => {
    const lines = source.split('\n');
    const marks = lines.flatMap((line, index) =>
      line.includes('@ts-expect-error') ? [index] : [],
    );
    expect(marks.length).toBeGreaterThan(10);
    const { ok, output } = compile(
      lines.filter((line) => !line.includes('@ts-expect-error')).join('\n'),
    );
    expect(ok).toBe(false);
    const failing = new Set(
      [...output.matchAll(/case\.ts\((\d+),/g)].map((match) => Number(match[1])),
    );
    // After the removal the line that followed the n-th comment has moved up by n.
    const expected = marks.map((mark, removed) => mark + 1 - removed);
    expect([...failing].sort((a, b) => a - b)).toEqual(expected);
  });
});
