import { fork } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { DatabaseManager, initialiseRoot, logExecution } from '@tb/manager';
import { layoutOf } from '@tb/schema';
import { litterOf, tempRoot } from '@tb/testkit';
import { listBackups } from '../src/backup/list-backups.ts';
import { restore } from '../src/backup/restore.ts';
import { prunable, retentionOf } from '../src/backup/retention.ts';
import { takeBackups } from '../src/backup/take-backup.ts';
import { isOpsError } from '../src/errors.ts';
import { tb } from './tb.ts';

const WRITER = fileURLToPath(new URL('./children/trading-writer.mjs', import.meta.url));
const KILLER = fileURLToPath(new URL('./children/kill-at-step.mjs', import.meta.url));
const signal = new AbortController().signal;

/** An execution engine that writes rows 1, 2, 3, ... one transaction each, and says each number after its commit. */
async function startWriter(
  root: string,
): Promise<{ acked: () => number; stop: () => Promise<void> }> {
  const child = fork(WRITER, [root]);
  let acked = 0;
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.on('message', (number: number) => {
      acked = number;
      resolve();
    });
  });
  return {
    acked: () => acked,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.send('stop');
      }),
  };
}

/** Ends a child at a named step of a backup or a restore. */
function killAt(
  what: 'backup' | 'restore' | 'restore-market-data',
  root: string,
  step: string,
): Promise<NodeJS.Signals | null> {
  const child = fork(KILLER, [what, root, step], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  return new Promise((resolve) => child.once('exit', (_code, killedBy) => resolve(killedBy)));
}

async function eventsIn(root: string): Promise<number[]> {
  await using manager = await DatabaseManager.open({ root, role: 'reader' });
  const rows = await manager.read('trading', (db) =>
    db.selectFrom('execution_log').select('event').orderBy('id').execute(),
  );
  return rows.map((row) => Number(row.event));
}

describe('backup', () => {
  test('a backup taken while the owner commits is its state at a transaction boundary, and restores to it', async () => {
    using root = tempRoot('backup');
    const layout = layoutOf(root.at('data'));
    await initialiseRoot(layout);
    const writer = await startWriter(layout.root);
    const rounds: { id: string; before: number; after: number }[] = [];
    for (let round = 0; round < 5; round += 1) {
      const before = writer.acked();
      const [taken] = await takeBackups(['trading'], { layout, signal });
      rounds.push({ id: taken!.id, before, after: writer.acked() });
    }
    await writer.stop();
    for (const { id, before, after } of rounds) {
      await restore({ database: 'trading', id }, { layout, signal });
      const numbers = await eventsIn(layout.root);
      expect(numbers).toEqual(numbers.map((_number, at) => at + 1));
      expect(numbers.length).toBeGreaterThanOrEqual(before);
      expect(numbers.length).toBeLessThanOrEqual(after + 1);
    }
    expect(
      readdirSync(layout.storeDir('trading')).filter((name) => name.includes('.replaced-')),
    ).toHaveLength(5);
  }, 60_000);

  test('the restored database keeps older writers out: its epoch only grows', async () => {
    using root = tempRoot('epoch');
    const layout = layoutOf(root.at('data'));
    await initialiseRoot(layout);
    const [taken] = await takeBackups(['trading'], { layout, signal });
    for (let at = 0; at < 3; at += 1) {
      await using manager = await DatabaseManager.open({ root: layout.root, role: 'execution' });
      await manager.write('trading', (tx) => logExecution(tx, { event: String(at + 1) }));
    }
    await restore({ database: 'trading', id: taken!.id }, { layout, signal });
    const [after] = await takeBackups(['trading'], { layout, signal });
    expect(after!.epoch).toBeGreaterThan(taken!.epoch + 3);
    expect(await eventsIn(layout.root)).toEqual([]);
  });

  test('the calendar of an added exchange is in the backup: a drill passes, and restore puts it back where it is gone', async () => {
    using root = tempRoot('calendar');
    const layout = layoutOf(root.at('data'));
    const trades = root.at('trades.csv');
    const calendar = layout.calendarFile('coin');
    await initialiseRoot(layout);
    writeFileSync(calendar, '{"like": "24x7"}');
    writeFileSync(trades, 'symbol,ts,price,volume\nBTC,2026-01-05T10:00:00Z,100.5,2\n');
    const words = ['--root', layout.root, '--json'];
    const file = ['import', trades, '--exchange', 'coin', '--kind', 'ticks'];
    expect(await tb([...file, ...words])).toMatchObject({ exit: 0 });
    expect(await tb(['backup', 'all', ...words])).toMatchObject({ exit: 0 });
    expect(await tb(['drill', ...words])).toMatchObject({ exit: 0, json: { status: 'proven' } });
    rmSync(calendar);
    const [taken] = await listBackups(layout, 'market-data');
    const again = (): ReturnType<typeof restore> =>
      restore({ database: 'market-data', id: taken!.id }, { layout, signal });
    expect((await again()).files).toEqual([calendar]);
    expect(readFileSync(calendar, 'utf8')).toBe('{"like": "24x7"}');
    writeFileSync(calendar, '{"like": "24x7", "holidays": []}');
    expect((await again()).files).toEqual([]);
    expect(readFileSync(calendar, 'utf8')).toContain('holidays');
    expect(await tb(['backups', '--verify', ...words])).toMatchObject({ exit: 0 });
  });

  test.each(['copied', 'kept'])(
    'regress-6-restore-copy: market data killed when %s: the same restore completes and leaves no copy anywhere',
    async (step) => {
      using root = tempRoot('copy');
      const layout = layoutOf(root.at('data'));
      await initialiseRoot(layout);
      const calendar = layout.calendarFile('coin');
      writeFileSync(calendar, '{"like": "24x7"}');
      writeFileSync(root.at('t.csv'), 'symbol,ts,price,volume\nBTC,2026-01-05T10:00:00Z,100.5,2\n');
      const words = ['--root', layout.root, '--json'];
      const file = ['import', root.at('t.csv'), '--exchange', 'coin', '--kind', 'ticks'];
      const imported = await tb([...file, ...words]);
      await takeBackups(['market-data'], { layout, signal });
      const dayFile = imported.json.days[0].path as string;
      const whole = readFileSync(dayFile);
      chmodSync(dayFile, 0o644);
      writeFileSync(dayFile, 'damaged');
      rmSync(calendar);
      expect(await killAt('restore-market-data', layout.root, step)).toBe('SIGKILL');
      expect(litterOf(layout.root)).not.toEqual([]);
      // As if it had been killed between the two names of a file, with nothing left to do in that folder.
      writeFileSync(join(layout.marketData, 'coin', 'candles', '1m', '.tmp-restore'), 'x');
      writeFileSync(join(layout.calendars, '.tmp-restore'), 'x');
      await restore({ database: 'market-data', at: new Date() }, { layout, signal });
      expect(litterOf(layout.root)).toEqual([]);
      expect(readFileSync(dayFile)).toEqual(whole);
      expect(readFileSync(calendar, 'utf8')).toBe('{"like": "24x7"}');
      const kept = readdirSync(layout.quarantine).map((name) =>
        readFileSync(join(layout.quarantine, name), 'utf8'),
      );
      expect(kept).toEqual(['damaged']);
    },
  );

  test('restore is refused while a writer holds the lock', async () => {
    using root = tempRoot('held');
    const layout = layoutOf(root.at('data'));
    await initialiseRoot(layout);
    await takeBackups(['trading'], { layout, signal });
    await using _holder = await DatabaseManager.open({ root: layout.root, role: 'execution' });
    const run = await tb([
      'restore',
      'trading',
      '--at',
      '2100-01-01T00:00:00Z',
      '--root',
      layout.root,
      '--json',
    ]);
    expect([run.exit, run.json.error.code]).toEqual([75, 'LOCK_HELD']);
  });

  test('a changed, truncated or missing backup replaces nothing', async () => {
    using root = tempRoot('damaged');
    const layout = layoutOf(root.at('data'));
    await initialiseRoot(layout);
    const [taken] = await takeBackups(['config'], { layout, signal });
    chmodSync(taken!.path, 0o644);
    for (const bytes of ['x', '']) {
      writeFileSync(taken!.path, bytes);
      await expect(
        restore({ database: 'config', id: taken!.id }, { layout, signal }),
      ).rejects.toMatchObject({ code: 'BACKUP_CORRUPT' });
    }
    const verified = await tb(['backups', '--verify', '--root', layout.root, '--json']);
    expect([verified.exit, verified.json.problems]).toEqual([
      4,
      [{ id: taken!.id, path: taken!.path, problem: 'changed' }],
    ]);
    await expect(
      restore({ database: 'config', at: new Date(0) }, { layout, signal }),
    ).rejects.toMatchObject({ code: 'BACKUP_ABSENT' });
    expect(
      readdirSync(layout.storeDir('config')).filter((name) => name.includes('.replaced-')),
    ).toEqual([]);
  });

  test.each(['copied', 'checked', 'hashed', 'synced', 'named'])(
    'killed when %s: no half backup counts, and the next one completes',
    async (step) => {
      using root = tempRoot('kill');
      const layout = layoutOf(root.at('data'));
      await initialiseRoot(layout);
      expect(await killAt('backup', layout.root, step)).toBe('SIGKILL');
      expect(await listBackups(layout, 'trading')).toEqual([]);
      await takeBackups(['trading'], { layout, signal });
      expect(
        (await tb(['backups', '--verify', '--root', layout.root, '--json'])).json,
      ).toMatchObject({ status: 'ok', backups: [{ database: 'trading' }] });
    },
  );

  test.each(['verified', 'locked', 'copied', 'checked', 'drained', 'kept', 'swapped'])(
    'killed when %s: the old or the new database is there, and the same restore completes',
    async (step) => {
      using root = tempRoot('kill');
      const layout = layoutOf(root.at('data'));
      await initialiseRoot(layout);
      const write = async (event: string): Promise<void> => {
        await using manager = await DatabaseManager.open({ root: layout.root, role: 'execution' });
        await manager.write('trading', (tx) => logExecution(tx, { event }));
      };
      await write('1');
      await takeBackups(['trading'], { layout, signal });
      await write('2');
      expect(await killAt('restore', layout.root, step)).toBe('SIGKILL');
      expect([[1], [1, 2]]).toContainEqual(await eventsIn(layout.root));
      await restore({ database: 'trading', at: new Date() }, { layout, signal });
      expect(await eventsIn(layout.root)).toEqual([1]);
      await write('3');
      expect(await eventsIn(layout.root)).toEqual([1, 3]);
    },
  );

  test('two backups at the same time: one waits or is told to come back', async () => {
    using root = tempRoot('two');
    const layout = layoutOf(root.at('data'));
    await initialiseRoot(layout);
    const results = await Promise.allSettled([
      takeBackups(['trading'], { layout, signal }),
      takeBackups(['trading'], { layout, signal }),
    ]);
    expect(
      results
        .map((result) =>
          result.status === 'fulfilled' ? 'done' : (result.reason as { code: string }).code,
        )
        .sort(),
    ).toEqual(['LOCK_HELD', 'done']);
    expect(isOpsError(new Error('x'))).toBe(false);
  });
});

describe('retention', () => {
  const at = (hours: number) => ({
    id: `b${hours}`,
    takenAt: new Date(Date.parse('2026-02-09T09:00:00Z') - hours * 3_600_000).toISOString(),
  });
  const now = new Date('2026-02-09T09:00:00Z');
  const rule = retentionOf('trading');

  test('hourly backups go after 24 hours', () => {
    const backups = Array.from({ length: 72 }, (_value, index) => at(71 - index));
    expect(prunable(backups, new Set(), rule, now).map(({ id }) => id)).toEqual(
      Array.from({ length: 47 }, (_value, index) => `b${71 - index}`),
    );
  });

  test('a weekend does not erase Friday', () => {
    const friday = Array.from({ length: 8 }, (_value, index) => at(70 - index));
    expect(prunable([...friday, at(0)], new Set(), rule, now).map(({ id }) => id)).toEqual([
      'b70',
      'b69',
      'b68',
      'b67',
      'b66',
      'b65',
      'b64',
    ]);
  });

  test('the newest and the last proven one stay, however old', () => {
    expect(prunable([at(1000)], new Set(), rule, now)).toEqual([]);
    expect(
      prunable([at(102), at(101), at(100), at(99)], new Set(['b101', 'b102']), rule, now).map(
        ({ id }) => id,
      ),
    ).toEqual(['b102', 'b100']);
  });
});
