import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openSqlite, type SqliteDatabase } from '@tb/locks';
import type { Layout } from '@tb/schema';
import { canActAsOther, tempRoot } from '@tb/testkit';
import { listBackups } from '../src/backup/list-backups.ts';
import { recordProof } from '../src/backup/proofs.ts';
import { checkHealth, type HealthOptions } from '../src/health/check-health.ts';
import { CHECKS } from '../src/health/checks/index.ts';
import type { Finding } from '../src/health/finding.ts';
import {
  copyOf,
  edit,
  endOf,
  holdLock,
  LIVE_DATE,
  makeRoot,
  PUBLISHED_DATE,
  sessionOf,
} from './health-root.ts';
import { tb } from './tb.ts';

const NS_PER_MS = 1_000_000n;
const HOUR = 3_600_000;
const DAY_FILE = `market_data/nse/ticks/${PUBLISHED_DATE}.duckdb`;

const folder = tempRoot('health');
let template: Layout;

beforeAll(async () => {
  template = await makeRoot(folder.at('data'));
}, 60_000);

afterAll(() => folder[Symbol.dispose]());

interface Broken {
  readonly check: string;
  readonly how: string;
  readonly break: (layout: Layout) => void | Promise<void>;
  readonly options?: (layout: Layout) => HealthOptions;
  readonly expected: Partial<Finding>;
}

const inSession = (): number => Number(sessionOf(LIVE_DATE).open / NS_PER_MS) + 2 * HOUR;

/** One byte in the middle of a file; size and mtime stay as they were. */
function flipByte(path: string): void {
  const { atime, mtime } = statSync(path);
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  chmodSync(path, 0o644);
  writeFileSync(path, bytes);
  chmodSync(path, 0o444);
  utimesSync(path, atime, mtime);
}

const counters = (change: string) => (layout: Layout) =>
  edit(layout.liveDb('nse'), (db) => void db.exec(`UPDATE counters SET ${change}`));

function addMonth(layout: Layout, path: string): void {
  edit(layout.manifest, (db) => {
    db.exec(
      `INSERT INTO months VALUES ('nse', '1m', '2025-02', '${path}', 1, 1, 0, 0, 10, 'ab', 'cd', 1)`,
    );
  });
}

function addRun(db: SqliteDatabase, runId: string, state: string, pid: number | null): void {
  db.prepare(
    `INSERT INTO runs (run_id, strategy_id, state, exchange, symbols, timeframe, from_ns, to_ns, parameters, seed, path,
      sha256, started_at, pid) VALUES (?, 's', ?, 'nse', '[]', '1m', 0, 1, '{}', 1, ?, 'ab', 1, ?)`,
  ).run(runId, state, `backtest/runs/${runId}.duckdb`, pid);
}

const RUN = 'run_20250203_093000_1a2b3c4d';

const BROKEN: readonly Broken[] = [
  {
    check: 'structure',
    how: 'a folder is missing',
    break: (layout) => rmSync(layout.legacy, { recursive: true }),
    expected: { status: 'fail', subject: 'legacy', observed: 'missing' },
  },
  {
    check: 'structure',
    how: 'a database is missing',
    break: (layout) => unlinkSync(layout.storeDb('config')),
    expected: { status: 'fail', subject: 'config', observed: 'missing' },
  },
  {
    check: 'schema',
    how: 'the version file is of another version',
    break: (layout) => writeFileSync(layout.schemaVersionFile, '0.9.0\n'),
    expected: { status: 'fail', observed: '0.9.0', limit: '1.0.0' },
  },
  {
    check: 'schema',
    how: 'a migration in a ledger was edited',
    break: (layout) =>
      edit(layout.storeDb('trading'), (db) => {
        db.exec("UPDATE schema_migrations SET sha256 = 'ab'");
      }),
    expected: { status: 'fail', subject: 'trading' },
  },
  {
    check: 'integrity',
    how: 'a page of a database is overwritten',
    break: (layout) => {
      const bytes = readFileSync(layout.storeDb('trading'));
      bytes.fill(0xff, 4096, 4096 + 200);
      writeFileSync(layout.storeDb('trading'), bytes);
    },
    expected: { status: 'fail', subject: 'trading' },
  },
  {
    check: 'integrity',
    how: 'a database is another file',
    break: (layout) => writeFileSync(layout.storeDb('signals'), 'no database at all'.repeat(500)),
    expected: { status: 'fail', subject: 'signals' },
  },
  {
    check: 'integrity',
    how: 'a row refers to one that is missing (--full)',
    break: (layout) =>
      edit(layout.storeDb('index'), (db) => {
        db.exec(`INSERT INTO run_inputs VALUES ('${RUN}', 'p', 'ab', '2025-02-03', 1)`);
      }),
    options: () => ({ full: true }),
    expected: { status: 'fail', subject: 'index' },
  },
  {
    check: 'day-files',
    how: 'one byte of a day file changed, its size and mtime did not',
    break: (layout) => flipByte(layout.absolute(DAY_FILE)),
    expected: { status: 'fail', subject: DAY_FILE },
  },
  {
    check: 'day-files',
    how: 'a day file is truncated',
    break: (layout) => truncateSync(layout.absolute(DAY_FILE), 4096),
    expected: { status: 'fail', subject: DAY_FILE, observed: 4096 },
  },
  {
    check: 'day-files',
    how: 'a day file is gone',
    break: (layout) => unlinkSync(layout.absolute(DAY_FILE)),
    expected: { status: 'fail', subject: DAY_FILE, observed: 'missing' },
  },
  {
    check: 'day-files',
    how: 'somebody wrote beside a day file',
    break: (layout) => writeFileSync(layout.absolute(`${DAY_FILE}.wal`), 'x'),
    expected: { status: 'fail', subject: `${DAY_FILE}.wal`, observed: 1 },
  },
  {
    check: 'day-files',
    how: 'a file under a final name is not listed',
    break: (layout) =>
      writeFileSync(layout.absolute(DAY_FILE.replace(PUBLISHED_DATE, '2025-01-31')), 'x'),
    expected: { status: 'warn', observed: 'not in the manifest' },
  },
  {
    check: 'day-files',
    how: 'a killed restore left its copy in another folder',
    break: (layout) => {
      const path = join(layout.calendars, '.tmp-restore');
      writeFileSync(path, 'x');
      utimesSync(path, 1, 1);
    },
    expected: { status: 'warn', subject: 'calendars/.tmp-restore', observed: 'unfinished' },
  },
  {
    check: 'day-files',
    how: 'a killed import left its stage',
    break: (layout) => {
      const path = join(layout.marketData, '.import-1-0000abcd', 'stage.duckdb');
      mkdirSync(dirname(path));
      writeFileSync(path, 'x');
      utimesSync(path, 1, 1);
    },
    expected: {
      status: 'warn',
      subject: 'market_data/.import-1-0000abcd/stage.duckdb',
      observed: 'unfinished',
    },
  },
  {
    check: 'corrections',
    how: 'a correction does not hash to its content',
    break: (layout) =>
      edit(layout.manifest, (db) => {
        db.exec(
          "INSERT INTO corrections VALUES (1, 'a', 'b', 1, 'me', 'why', 'nse', '2025-02-03', 1, 0, 0)",
        );
        db.exec('UPDATE version SET n = n + 1');
      }),
    expected: { status: 'fail' },
  },
  {
    check: 'months',
    how: 'a month was made from other days',
    break: (layout) => addMonth(layout, 'market_data/nse/candles/1m/months/2025-02-ab.duckdb'),
    expected: { status: 'warn', observed: 'stale' },
  },
  {
    check: 'months',
    how: 'a month is not the file that was recorded',
    break: (layout) => {
      const path = 'market_data/nse/candles/1m/months/2025-02-ab.duckdb';
      addMonth(layout, path);
      mkdirSync(join(layout.absolute(path), '..'), { recursive: true });
      writeFileSync(layout.absolute(path), 'ten bytes!');
    },
    expected: { status: 'fail', limit: 'ab' },
  },
  {
    check: 'live-buffer',
    how: 'a segment is missing',
    break: (layout) =>
      edit(layout.liveDb('nse'), (db) => {
        db.exec(
          `INSERT INTO segments VALUES (99, 'segments/000099.duckdb', '${LIVE_DATE}', 1, 1, 1, 1, 1, 10, 'ab')`,
        );
      }),
    expected: { status: 'fail', subject: 'live_buffer/nse/segments/000099.duckdb' },
  },
  {
    check: 'live-buffer',
    how: 'a segment is not listed',
    break: (layout) => {
      mkdirSync(layout.segmentsDir('nse'), { recursive: true });
      writeFileSync(join(layout.segmentsDir('nse'), '000077.duckdb'), 'x');
    },
    expected: { status: 'warn', observed: 'not in live.db' },
  },
  {
    check: 'live-buffer',
    how: 'the counter of seqs went back',
    break: counters('next_seq = 1'),
    expected: { status: 'fail', limit: 'below 1' },
  },
  {
    check: 'live-buffer',
    how: 'a bit of a batch changed (--full)',
    break: (layout) =>
      edit(layout.liveDb('nse'), (db) => {
        db.exec('UPDATE tail SET crc32 = crc32 + 1');
      }),
    options: () => ({ full: true }),
    expected: { status: 'fail' },
  },
  {
    check: 'freshness',
    how: 'no tick came while the session is open',
    break: () => undefined,
    options: () => ({ now: inSession }),
    expected: { status: 'warn', subject: `live/nse ${LIVE_DATE}` },
  },
  {
    check: 'rollover',
    how: 'a closed date is still in the live buffer',
    break: () => undefined,
    expected: { status: 'warn', subject: `live/nse ${LIVE_DATE}` },
  },
  {
    check: 'rollover',
    how: 'the calendar has no session of a date in the live buffer',
    break: (layout) =>
      edit(layout.liveDb('nse'), (db) => {
        db.exec("UPDATE days SET trading_date = '2025-02-02' WHERE state = 'open'");
      }),
    expected: { status: 'warn', observed: 'no session in the calendar' },
  },
  {
    check: 'late-rows',
    how: 'rows wait for a correction',
    break: (layout) =>
      edit(layout.liveDb('nse'), (db) => {
        db.exec('INSERT INTO late SELECT * FROM tail LIMIT 1');
      }),
    expected: { status: 'warn', subject: `live/nse ${LIVE_DATE}` },
  },
  {
    check: 'rejected',
    how: 'many rows were refused',
    break: counters('rejected_rows = 100'),
    expected: { status: 'warn', limit: 0.001 },
  },
  {
    check: 'dropped',
    how: 'rows were dropped',
    break: counters('dropped_rows = 3'),
    expected: { status: 'warn', observed: 3 },
  },
  {
    check: 'runs',
    how: 'a runner died',
    break: (layout) =>
      // Above the highest pid that Linux gives out.
      edit(layout.storeDb('index'), (db) => addRun(db, RUN, 'running', 4_194_305)),
    expected: { status: 'warn', subject: RUN },
  },
  {
    check: 'runs',
    how: 'the file of a finished run is gone',
    break: (layout) => edit(layout.storeDb('index'), (db) => addRun(db, RUN, 'done', null)),
    expected: { status: 'fail', subject: RUN, observed: 'missing' },
  },
  {
    check: 'runs',
    how: 'the file of a finished run has other bytes (--full)',
    break: (layout) => {
      edit(layout.storeDb('index'), (db) => addRun(db, RUN, 'done', null));
      writeFileSync(layout.runFile(RUN), 'x');
    },
    options: () => ({ full: true }),
    expected: { status: 'fail', subject: RUN, limit: 'ab' },
  },
  {
    check: 'runs',
    how: 'a run file has no row',
    break: (layout) => writeFileSync(layout.runFile(RUN), 'x'),
    expected: { status: 'warn', observed: 'not in the index' },
  },
  {
    check: 'backups',
    how: 'the newest backup is old',
    break: () => undefined,
    options: () => ({ now: () => Date.now() + 3 * HOUR }),
    expected: { status: 'warn', subject: 'trading' },
  },
  {
    check: 'backups',
    how: 'there is no backup',
    break: (layout) => rmSync(layout.backups, { recursive: true }),
    expected: { status: 'warn', subject: 'market-data', observed: 'no backup' },
  },
  {
    check: 'backups',
    how: 'a copy is truncated',
    break: async (layout) => {
      const [backup] = await listBackups(layout, 'config');
      chmodSync(backup!.path, 0o644);
      truncateSync(backup!.path, 100);
    },
    expected: { status: 'fail', observed: 100 },
  },
  {
    check: 'backups',
    how: 'one byte of a copy changed (--full)',
    break: async (layout) => flipByte((await listBackups(layout, 'config'))[0]!.path),
    options: () => ({ full: true }),
    expected: { status: 'fail', observed: 'changed' },
  },
  {
    check: 'backups',
    how: 'the manifest of a backup is damaged',
    break: async (layout) => {
      const file = join((await listBackups(layout, 'config'))[0]!.folder, 'manifest.json');
      chmodSync(file, 0o644);
      writeFileSync(file, '{');
    },
    expected: { status: 'fail', subject: 'config', limit: 'readable' },
  },
  {
    check: 'proven-restores',
    how: 'no backup was ever restored',
    break: () => undefined,
    expected: { status: 'warn', subject: 'trading', observed: 'never' },
  },
  {
    check: 'proven-restores',
    how: 'the last proof is old',
    break: async (layout) => {
      const id = (await listBackups(layout, 'trading'))[0]!.id;
      await recordProof(layout, { id, at: '2025-01-01T00:00:00.000Z', restoreMs: 1 });
    },
    expected: { status: 'warn', subject: 'trading', observed: expect.any(Number) as never },
  },
  {
    check: 'quarantine',
    how: 'something lies there',
    break: (layout) => writeFileSync(join(layout.quarantine, 'rows.csv'), 'x'),
    expected: { status: 'warn', observed: 1 },
  },
  {
    check: 'disk',
    how: 'less is free than should be',
    break: () => undefined,
    options: () => ({ limits: { diskWarnShare: 1 } }),
    expected: { status: 'warn' },
  },
  {
    check: 'disk',
    how: 'nothing is left',
    break: () => undefined,
    options: () => ({ limits: { diskFailBytes: 1e18 } }),
    expected: { status: 'fail', limit: 1e18 },
  },
  {
    check: 'inodes',
    how: 'no file can be made',
    break: () => undefined,
    options: () => ({ limits: { diskFailShare: 1.1 } }),
    expected: { status: 'fail' },
  },
  {
    check: 'clock',
    how: 'a record is of tomorrow',
    break: counters(`heartbeat_ns = ${BigInt(Date.now() + 24 * HOUR) * NS_PER_MS}`),
    expected: { status: 'fail', subject: 'live/nse' },
  },
];

describe('every check can fail', () => {
  for (const { check, how, break: damage, options, expected } of BROKEN)
    test(`${check}: ${how}`, async () => {
      using copy = copyOf(template);
      await damage(copy.layout);
      const { verdict, findings } = await checkHealth(copy.layout, {
        ...options?.(copy.layout),
        checks: [check],
      });
      expect(findings).toContainEqual(expect.objectContaining({ check, ...expected }));
      expect(verdict).toBe(expected.status);
      for (const finding of findings)
        if (finding.status !== 'ok') expect(finding.hint).toMatch(/\w/);
    });

  test('locks: the writer died, and its pid is told', async () => {
    using copy = copyOf(template);
    const holder = await holdLock(copy.layout.storeDir('trading'));
    const held = await checkHealth(copy.layout, { checks: ['locks'] });
    expect(held.verdict).toBe('ok');
    await endOf(holder);
    const { findings } = await checkHealth(copy.layout, { checks: ['locks'] });
    expect(findings).toContainEqual(
      expect.objectContaining({
        status: 'warn',
        subject: 'trading',
        observed: `stale-reclaimable by pid ${holder.pid} (test-holder)`,
      }),
    );
  });

  test('locks: the writer is stopped; its guard is gone', async () => {
    using copy = copyOf(template);
    const dir = copy.layout.storeDir('signals');
    const holder = await holdLock(dir);
    try {
      holder.kill('SIGSTOP');
      const stopped = await checkHealth(copy.layout, { checks: ['locks'] });
      expect(stopped.verdict).toBe('warn');
      unlinkSync(join(dir, '.writer.guard'));
      const lost = await checkHealth(copy.layout, { checks: ['locks'] });
      expect(lost.verdict).toBe('fail');
      expect(lost.findings).toContainEqual(
        expect.objectContaining({ observed: expect.stringContaining('anomaly-guard-lost') }),
      );
    } finally {
      await endOf(holder);
    }
  });

  test('freshness: a writer holds its lock and does not move', async () => {
    using copy = copyOf(template);
    counters('heartbeat_ns = 1')(copy.layout);
    const holder = await holdLock(copy.layout.liveDir('nse'));
    try {
      const { findings } = await checkHealth(copy.layout, { checks: ['freshness'] });
      expect(findings).toContainEqual(
        expect.objectContaining({ status: 'warn', subject: 'live/nse heartbeat' }),
      );
    } finally {
      await endOf(holder);
    }
  });

  test('wal: a log is larger than its limit', async () => {
    using copy = copyOf(template);
    const db = openSqlite(copy.layout.storeDb('trading'));
    try {
      db.pragma('wal_autocheckpoint = 0');
      db.exec('CREATE TABLE filler (x TEXT) STRICT');
      const { findings } = await checkHealth(copy.layout, {
        checks: ['wal'],
        limits: { walBytes: 4096 },
      });
      expect(findings).toContainEqual(
        expect.objectContaining({ status: 'warn', subject: 'trading', limit: 4096 }),
      );
    } finally {
      db.close();
    }
  });

  test('no check is left out above', () => {
    const broken = new Set([...BROKEN.map(({ check }) => check), 'locks', 'wal']);
    expect([...broken].sort()).toEqual(CHECKS.map(({ name }) => name).sort());
  });
});

describe('tb health', () => {
  test('a fresh root is ok in every finding', async () => {
    using root = tempRoot('health-fresh');
    await tb(['init', '--root', root.at('data')]);
    const { exit, json } = await tb(['health', '--strict', '--json', '--root', root.at('data')]);
    expect(exit).toBe(0);
    expect(json).toMatchObject({ command: 'health', status: 'ok', verdict: 'ok', full: false });
    const { findings } = json as { findings: Finding[] };
    expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(findings).toContainEqual({
      check: 'backups',
      status: 'ok',
      subject: 'trading',
      observed: 'nothing to back up',
      limit: 7_200_000,
      hint: null,
    });
  });

  test('exit codes: 0 for warnings, 3 with --strict, 4 for a changed byte, 3 for no root', async () => {
    using copy = copyOf(template);
    const root = ['--root', copy.layout.root];
    expect((await tb(['health', ...root])).exit).toBe(0);
    expect((await tb(['health', '--full', '--strict', ...root])).exit).toBe(3);
    flipByte(copy.layout.absolute(DAY_FILE));
    const failed = await tb(['health', ...root]);
    expect(failed.exit).toBe(4);
    expect(failed.stdout).toMatch(new RegExp(`FAIL +day-files +${DAY_FILE}`));
    const none = await tb(['health', '--json', '--root', join(copy.layout.root, 'nowhere')]);
    expect(none.exit).toBe(3);
    expect(none.json.error.code).toBe('ROOT_NOT_INITIALISED');
  });

  test('a byte that changed without a trace in the identity is found by --full', async () => {
    using copy = copyOf(template);
    const { layout } = copy;
    const path = layout.absolute(DAY_FILE);
    flipByte(path);
    // As if the disk had done it: the manifest knows the identity that the file has now.
    edit(layout.manifest, (db) => {
      const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
      db.prepare(
        'UPDATE verified SET dev = ?, ino = ?, size = ?, mtime_ns = ?, ctime_ns = ? WHERE path = ?',
      ).run(dev, ino, size, mtimeNs, ctimeNs, DAY_FILE);
    });
    const quick = await checkHealth(layout, { checks: ['day-files'] });
    expect(quick.verdict).toBe('ok');
    const full = await checkHealth(layout, { checks: ['day-files'], full: true });
    expect(full.verdict).toBe('fail');
  });

  test('--full records what it verified, so that a copied root is not hashed each time', async () => {
    using copy = copyOf(template);
    const hashed = async (): Promise<number> => {
      let count = 0;
      const onProgress = (files: number): void => {
        count = files;
      };
      await checkHealth(copy.layout, { checks: ['day-files'], onProgress });
      return count;
    };
    expect(await hashed()).toBe(6); // a copy has other inodes
    const root = ['--root', copy.layout.root];
    const holder = await holdLock(copy.layout.marketData);
    try {
      const beside = await tb(['health', '--full', ...root]);
      expect(beside.exit).toBe(0);
      expect(beside.stderr).toContain('not recorded');
    } finally {
      await endOf(holder);
    }
    expect(await hashed()).toBe(6);
    expect((await tb(['health', '--full', ...root])).exit).toBe(0);
    expect(await hashed()).toBe(0);
    flipByte(copy.layout.absolute(DAY_FILE));
    expect(await hashed()).toBe(1);
  });

  test('a stop is told, not half a report', async () => {
    const signal = AbortSignal.abort();
    await expect(checkHealth(template, { signal })).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

const asOther = canActAsOther();

describe('a root that may only be read', () => {
  (asOther ? test : test.skip)(
    `another user gets a verdict, and is told what could not be checked${asOther ? '' : ' (skipped: wants uid 0 and a checkout that others can read)'}`,
    async () => {
      using copy = copyOf(template);
      const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
      chmodSync(join(copy.layout.root, '..'), 0o755);
      chmodSync(copy.layout.storeDb('config'), 0o600);
      chmodSync(copy.layout.storeDir('signals'), 0o700);
      edit(copy.layout.storeDb('trading'), () => undefined); // the last to close removes -wal and -shm
      const { exit, stdout } = await asNobody([
        main,
        'health',
        '--json',
        '--root',
        copy.layout.root,
      ]);
      expect(exit).toBe(0);
      const { verdict, findings } = JSON.parse(stdout) as { verdict: string; findings: Finding[] };
      expect(verdict).toBe('warn');
      const integrity = new Map(
        findings.filter(({ check }) => check === 'integrity').map((one) => [one.subject, one]),
      );
      expect(integrity.get('trading')).toMatchObject({ status: 'warn' });
      expect(integrity.get('trading')?.observed).toContain('ok in a private copy');
      expect(integrity.get('config')?.observed).toContain('not checked');
      expect(integrity.get('signals')?.observed).toContain('not checked');
      expect(findings).toContainEqual(
        expect.objectContaining({ check: 'day-files', status: 'ok', subject: 'market_data' }),
      );
      expect(
        findings.filter(({ check }) => check === 'locks').map(({ status }) => status),
      ).toContain('warn');
      expect(existsSync(`${copy.layout.storeDb('trading')}-shm`)).toBe(false);
    },
  );
});

function asNobody(words: readonly string[]): Promise<{ exit: number | null; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, {
      uid: 65534,
      gid: 65534,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.on('error', reject);
    child.on('close', (exit) => resolve({ exit, stdout }));
  });
}
