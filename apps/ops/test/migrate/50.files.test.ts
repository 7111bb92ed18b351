import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { openSqlite, WriterLock } from '@tb/locks';
import { tempRoot } from '@tb/testkit';
import { migrate } from '../../src/migrate/migrate.ts';
import { tb } from '../tb.ts';
import {
  CANDLES,
  candlesFrom,
  fatesOf,
  freshRoot,
  migrated,
  USERS,
  writeLegacy,
} from './legacy.ts';

const CHILDREN = fileURLToPath(new URL('../children/', import.meta.url));
const SOURCE = [
  USERS,
  "INSERT INTO users VALUES ('ann', 'h', 'admin', TIMESTAMP '2023-01-01')",
  CANDLES,
  candlesFrom('NSE_EQ|A', '2023-01-02 03:45:00', 400),
];

/** Every file of a folder with its size and time of change. */
function listing(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return `${path} ${statSync(path).size}`;
    })
    .filter((line) => !/\.(writer\.(lock|guard)|db-(wal|shm)) /.test(line))
    .sort();
}

async function refused(
  root: { at(name: string): string },
  from: string,
): Promise<{ exit: number | null; code: string; message: string; hint: string }> {
  await freshRoot(root.at('data'));
  const before = listing(root.at('data'));
  const run = await tb(['migrate', '--from', from, '--root', root.at('data'), '--json', '--quiet']);
  expect(listing(root.at('data'))).toEqual(before);
  const { error } = run.json as { error: { code: string; message: string; hint: string } };
  return { exit: run.exit, code: error.code, message: error.message, hint: error.hint };
}

describe('a file that cannot be migrated', () => {
  test.each([
    ['is missing', 'INPUT_MISSING', 2, () => undefined],
    ['is a folder', 'INPUT_UNREADABLE', 2, (path: string) => void mkdirSync(path)],
    ['is empty', 'INPUT_UNREADABLE', 2, (path: string) => writeFileSync(path, '')],
    [
      'is a text',
      'INPUT_UNREADABLE',
      2,
      (path: string) => writeFileSync(path, 'hello '.repeat(5000)),
    ],
    [
      'is a SQLite database',
      'INPUT_UNREADABLE',
      2,
      (path: string) => {
        const db = openSqlite(path);
        db.exec('CREATE TABLE candles (x)');
        db.close();
      },
    ],
  ])('when it %s: %s, exit %i, and nothing is written', async (_what, code, exit, make) => {
    using root = tempRoot('files');
    make(root.at('old.duckdb'));
    expect(await refused(root, root.at('old.duckdb'))).toMatchObject({ code, exit });
  });

  test.each([0.1, 0.5, 0.9])(
    'when %d of it is left: SOURCE_DAMAGED, exit 4, and nothing is written',
    async (share) => {
      using root = tempRoot('truncated');
      const from = root.at('old.duckdb');
      await writeLegacy(from, SOURCE);
      const bytes = readFileSync(from);
      writeFileSync(from, bytes.subarray(0, Math.floor((bytes.length * share) / 4096) * 4096));
      expect(await refused(root, from)).toMatchObject({ code: 'SOURCE_DAMAGED', exit: 4 });
    },
  );

  test('when a block of it was overwritten: exit 4, and nothing is written', async () => {
    using root = tempRoot('damaged');
    const from = root.at('old.duckdb');
    await writeLegacy(from, [
      ...SOURCE,
      candlesFrom('NSE_EQ|B', '2023-01-03 03:45:00', 375),
      candlesFrom('NSE_EQ|C', '2023-01-03 03:45:00', 375),
    ]);
    const bytes = readFileSync(from);
    for (let at = 12_288; at < bytes.length; at += 97) bytes[at] = (bytes[at] as number) ^ 0x5a;
    writeFileSync(from, bytes);
    expect(await refused(root, from)).toMatchObject({ code: 'SOURCE_DAMAGED', exit: 4 });
  });

  test('while a process writes it: SOURCE_BUSY, exit 75', async () => {
    using root = tempRoot('held');
    const from = root.at('old.duckdb');
    await writeLegacy(from, SOURCE);
    const holder = spawn(process.execPath, [join(CHILDREN, 'hold-duckdb.mjs'), from], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      expect(await refused(root, from)).toMatchObject({ code: 'SOURCE_BUSY', exit: 75 });
    } finally {
      holder.kill('SIGKILL');
      await new Promise((resolve) => holder.once('exit', resolve));
    }
  });

  test('with a .wal beside it: SOURCE_HAS_WAL, exit 3; stated to belong to it, its rows come along and neither file changes', async () => {
    using root = tempRoot('wal');
    const from = root.at('old.duckdb');
    await writeLegacy(from, SOURCE);
    spawnSync(process.execPath, [
      join(CHILDREN, 'leave-wal.mjs'),
      from,
      "INSERT INTO users VALUES ('bob', 'h', NULL, NULL)",
    ]);
    const shaOf = (path: string): string =>
      createHash('sha256').update(readFileSync(path)).digest('hex');
    const before = [shaOf(from), shaOf(`${from}.wal`)];
    expect(await refused(root, from)).toMatchObject({ code: 'SOURCE_HAS_WAL', exit: 3 });
    const run = await tb([
      'migrate',
      '--from',
      from,
      '--with-wal',
      '--root',
      root.at('data'),
      '--json',
      '--quiet',
    ]);
    expect(run.exit).toBe(0);
    expect(fatesOf(run.json, 'users')).toEqual([2, 0, 0, 0]);
    expect([shaOf(from), shaOf(`${from}.wal`)]).toEqual(before);
  });

  test('into a folder that is no data root: exit 3', async () => {
    using root = tempRoot('no-root');
    await writeLegacy(root.at('old.duckdb'), SOURCE);
    const run = await tb([
      'migrate',
      '--from',
      root.at('old.duckdb'),
      '--root',
      root.at('none'),
      '--json',
    ]);
    expect(run.exit).toBe(3);
    expect(existsSync(root.at('none'))).toBe(false);
  });

  test.each([
    [['--clock', 'candles'], 'BAD_OPTION'],
    [['--clock', 'candles=CET'], 'BAD_OPTION'],
    [['--clock', 'nothing=utc'], 'BAD_OPTION'],
    [['--map-exchange', 'XYZ'], 'BAD_OPTION'],
    [['--memory-mb', 'much'], 'BAD_OPTION'],
    [['--map-exchange', 'XYZ=../x'], 'BAD_NAME'],
  ])('with %p: exit 2', async (words, code) => {
    using root = tempRoot('options');
    await writeLegacy(root.at('old.duckdb'), SOURCE);
    await freshRoot(root.at('data'));
    const run = await tb([
      'migrate',
      '--from',
      root.at('old.duckdb'),
      ...words,
      '--root',
      root.at('data'),
      '--json',
      '--quiet',
    ]);
    expect(run.json).toMatchObject({ exit: 2, error: { code } });
    expect(run.exit).toBe(2);
  });
});

test('while a service owns a store the migration waits for another time: exit 75, and the rest is done by the next run', async () => {
  using root = tempRoot('owned');
  const from = root.at('old.duckdb');
  await writeLegacy(from, SOURCE);
  const layout = await freshRoot(root.at('data'));
  const words = ['migrate', '--from', from, '--root', root.at('data'), '--json', '--quiet'];
  {
    await using _lock = await WriterLock.acquire(layout.storeDir('config'), { purpose: 'api' });
    const run = await tb(words);
    expect(run.json).toMatchObject({ exit: 75, error: { code: 'LOCK_HELD', retryable: true } });
  }
  const run = await tb(words);
  expect(run.json).toMatchObject({
    status: 'migrated',
    marketData: { dates: 1, alreadyThere: 1, files: 0 },
  });
  expect(fatesOf(run.json, 'candles')).toEqual([400, 0, 0, 0]);
});

test('a date that is in the live buffer is not hidden by a published one: DATE_LIVE, exit 3', async () => {
  using root = tempRoot('live');
  await writeLegacy(root.at('old.duckdb'), SOURCE);
  await freshRoot(root.at('data'));
  const data = ['--root', root.at('data'), '--json', '--quiet'];
  const ticks = 'symbol,ts,price,volume\nNSE_EQ|A,2023-01-02T04:00:00Z,1,1\n';
  const ingested = await tb(
    [
      'ingest',
      '-',
      '--exchange',
      'nse',
      '--kind',
      'ticks',
      '--date',
      '2023-01-02',
      '--input-format',
      'csv',
      ...data,
    ],
    {
      input: ticks,
    },
  );
  expect(ingested.exit).toBe(0);
  const run = await tb(['migrate', '--from', root.at('old.duckdb'), ...data]);
  expect(run.json).toMatchObject({ exit: 3, error: { code: 'DATE_LIVE' } });
});

test('an empty database is migrated: no table, an archive that says so', async () => {
  using root = tempRoot('empty');
  const { answer } = await migrated((name) => root.at(name), []);
  expect(answer).toMatchObject({ status: 'migrated', tables: [], quarantineFile: null, runs: 0 });
  expect(existsSync(answer.archive.path)).toBe(true);
});

test('SIGTERM stops it with exit 3, and the next run completes it', async () => {
  using root = tempRoot('stopped');
  const from = root.at('old.duckdb');
  await writeLegacy(from, [
    CANDLES,
    ...[2, 3, 4, 5, 6, 9, 10, 11, 12, 13].map((day) =>
      candlesFrom('NSE_EQ|A', `2023-01-${String(day).padStart(2, '0')} 03:45:00`, 100),
    ),
  ]);
  const layout = await freshRoot(root.at('data'));
  const stop = new AbortController();
  const stopped = migrate(
    { from },
    {
      layout,
      signal: stop.signal,
      onStep: (step) => void (step.startsWith('published') && stop.abort()),
    },
  );
  await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
  const answer = await migrate({ from }, { layout });
  expect(answer).toMatchObject({ status: 'migrated', marketData: { dates: 10, alreadyThere: 1 } });
  expect(fatesOf(answer, 'candles')).toEqual([1000, 0, 0, 0]);
});
