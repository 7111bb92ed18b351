import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { MarketRoot } from './market-root.ts';
import { sharedFile, tb } from './tb.ts';

const KILLER = fileURLToPath(new URL('./children/kill-at-step.mjs', import.meta.url));
const HEADER = 'symbol,ts,open,high,low,close,volume';
const minute = (date: string, at: number): string =>
  new Date(Date.parse(`${date}T03:45:00Z`) + at * 60_000).toISOString();

function candlesCsv(
  symbols: readonly string[],
  dates: readonly string[],
  minutes = 30,
  price = 100,
): string {
  const rows = symbols.flatMap((symbol, s) =>
    dates.flatMap((date) =>
      Array.from({ length: minutes }, (_value, at) => {
        const open = price + s + at / 10;
        return `${symbol},${minute(date, at)},${open},${open + 1},${open - 1},${open + 0.5},${10 + at}`;
      }),
    ),
  );
  return `${[HEADER, ...rows].join('\n')}\n`;
}

/** sha256 of every published file, by name. */
function filesIn(root: string): Record<string, string> {
  const names = readdirSync(join(root, 'market_data'), {
    recursive: true,
    withFileTypes: true,
  }).filter((entry) => entry.name.endsWith('.duckdb'));
  return Object.fromEntries(
    names.map((entry) => [
      join(entry.parentPath, entry.name).slice(root.length),
      createHash('sha256')
        .update(readFileSync(join(entry.parentPath, entry.name)))
        .digest('hex'),
    ]),
  );
}

const DATES = ['2025-02-03', '2025-02-04'];
const IMPORT = ['--exchange', 'nse', '--kind', 'candles'];

describe('import of candles', () => {
  test.each([
    ['1m', 'damaged'],
    ['5m', 'gone'],
  ])(
    'regress-6-no-way-back: a %s file that is %s and has no backup is replaced by a correction that says so, and quarantined',
    async (timeframe, how) => {
      using folder = tempRoot('lost');
      const root = await MarketRoot.create(folder.at('data'));
      const [date = ''] = DATES;
      writeFileSync(folder.at('a.csv'), candlesCsv(['AAA', 'BBB'], [date]));
      await root.import('candles', [folder.at('a.csv')]);
      const before = await root.candles(date, timeframe);
      const path = join(root.path, `market_data/nse/candles/${timeframe}/${date}.duckdb`);
      chmodSync(path, 0o644);
      if (how === 'gone') rmSync(path);
      else writeFileSync(path, 'damaged');
      const correction = { why: 'lost' };
      if (how === 'damaged')
        await expect(
          root.import('candles', [folder.at('a.csv')], { correction }),
        ).rejects.toMatchObject({
          code: 'DAY_FILE_CORRUPT',
          hint: expect.stringContaining('published_readable'),
        });
      const explained = [{ gate: 'published_readable', reason: 'no backup' }];
      const run = await root.import('candles', [folder.at('a.csv')], { correction, explained });
      expect(run.status).toBe('corrected');
      expect(run.findings).toContainEqual(
        expect.objectContaining({ gate: 'published_readable', explanation: 'no backup' }),
      );
      expect(await root.candles(date, timeframe)).toEqual(before);
      const kept = readdirSync(join(root.path, 'quarantine'));
      expect(kept.filter((name) => !name.endsWith('.json'))).toHaveLength(how === 'gone' ? 0 : 1);
    },
  );

  test('regress-6-no-way-back: an input that does not replace a lost file is refused', async () => {
    using folder = tempRoot('lost');
    const root = await MarketRoot.create(folder.at('data'));
    const [date = ''] = DATES;
    const ticks = `symbol,ts,price,volume\nTCK,${minute(date, 1)},100,1\n`;
    writeFileSync(folder.at('t.csv'), ticks);
    writeFileSync(folder.at('a.csv'), candlesCsv(['AAA'], [date]));
    await root.import('ticks', [folder.at('t.csv')]);
    rmSync(join(root.path, `market_data/nse/ticks/${date}.duckdb`));
    const files = filesIn(root.path);
    const explained = [{ gate: 'published_readable', reason: 'no backup' }];
    const correction = { why: 'lost' };
    await expect(
      root.import('candles', [folder.at('a.csv')], { correction, explained }),
    ).rejects.toMatchObject({ code: 'GATE_FAILED' });
    expect(filesIn(root.path)).toEqual(files);
  });

  test('regress-6-open-session: a date whose session has not closed is refused, also before the live buffer has it', async () => {
    using root = tempRoot('open');
    const data = ['--root', root.at('data'), '--json'];
    await tb(['init', ...data]);
    writeFileSync(`${root.at('data')}/calendars/coin.json`, '{"like": "24x7"}');
    const now = new Date().toISOString().slice(0, 16);
    writeFileSync(root.at('a.csv'), `${HEADER}\nBTC,${now}:00Z,1,2,1,1.5,3\n`);
    const words = ['import', root.at('a.csv'), '--exchange', 'coin', '--kind', 'candles', ...data];
    const run = await tb(words);
    expect([run.exit, run.json.error.code]).toEqual([3, 'DATE_LIVE']);
    expect(filesIn(root.at('data'))).toEqual({});
  });

  test('one day file per session and timeframe; a second import changes no byte; other rows are refused until corrected', async () => {
    using root = tempRoot('import');
    const data = ['--root', root.at('data'), '--json'];
    await tb(['init', ...data]);
    writeFileSync(root.at('a.csv'), candlesCsv(['AAA', 'BBB'], DATES));
    const first = await tb(['import', root.at('a.csv'), ...IMPORT, ...data]);
    expect(first.json).toMatchObject({
      status: 'imported',
      rowsRead: 120,
      rowsAccepted: 120,
      rowsDuplicate: 0,
      rowsRejected: 0,
      rejectedFile: null,
    });
    expect(
      first.json.days.map(({ date, rows, revision }: Record<string, unknown>) => [
        date,
        rows,
        revision,
      ]),
    ).toEqual(DATES.map((date) => [date, 60, 1]));
    const files = filesIn(root.at('data'));
    expect(Object.keys(files)).toHaveLength(10);
    const second = await tb(['import', root.at('a.csv'), ...IMPORT, ...data]);
    expect(second.json).toMatchObject({
      status: 'already_imported',
      rowsAccepted: 0,
      rowsDuplicate: 120,
    });
    expect(filesIn(root.at('data'))).toEqual(files);

    writeFileSync(root.at('b.csv'), candlesCsv(['AAA'], [DATES[0]!], 30, 200));
    const refused = await tb(['import', root.at('b.csv'), ...IMPORT, ...data]);
    expect([refused.exit, refused.json.error.code]).toEqual([3, 'DATE_EXISTS']);
    const noReason = await tb(['import', root.at('b.csv'), ...IMPORT, '--correct', ...data]);
    expect([noReason.exit, noReason.json.error.code]).toEqual([2, 'BAD_OPTION']);
    const before = new Date().toISOString();
    const corrected = await tb([
      'import',
      root.at('b.csv'),
      ...IMPORT,
      '--correct',
      '--reason',
      'vendor sent it again',
      ...data,
    ]);
    expect(corrected.json).toMatchObject({
      status: 'corrected',
      days: [{ date: DATES[0], revision: 2, rows: 60 }],
    });
    const range = [
      '--exchange',
      'nse',
      '--timeframe',
      '5m',
      '--from',
      DATES[0]!,
      '--to',
      DATES[1]!,
      ...data,
    ];
    const now = await tb(['candles', 'AAA', 'BBB', ...range]);
    expect(
      now.json.rows.filter((row: { symbol: string }) => row.symbol === 'AAA')[0],
    ).toMatchObject({ open: 200 });
    expect(now.json.rows.filter((row: { symbol: string }) => row.symbol === 'BBB')).toHaveLength(6);
    const sameDate = [...range.slice(0, 4), '--from', DATES[0]!, '--to', DATES[0]!, ...data];
    const empty = await tb(['candles', 'AAA', ...sameDate]);
    expect([empty.exit, empty.json.error.hint]).toEqual([
      2,
      '--to is not included: for one trading date give the next one.',
    ]);
    const then = await tb(['candles', 'AAA', ...range, '--as-of', before]);
    expect(then.json.rows[0]).toMatchObject({ open: 100 });
    expect(filesIn(root.at('data'))).toMatchObject(files);
  }, 240_000);

  test('an equal candle is a duplicate, another one under its key is rejected, a date without session too', async () => {
    using root = tempRoot('repeats');
    const data = ['--root', root.at('data'), '--json'];
    await tb(['init', ...data]);
    const at = minute(DATES[0]!, 0);
    writeFileSync(
      root.at('a.csv'),
      [
        HEADER,
        `A,${at},1,2,1,2,5`,
        `A,${at},1,2,1,2,5`,
        `A,${at},1,3,1,2,5`,
        'A,2025-02-08T05:00:00Z,1,2,1,2,5',
        'A,2025-02-03T05:00:30Z,1,2,1,2,5',
        '',
      ].join('\n'),
    );
    const dry = await tb(['import', root.at('a.csv'), ...IMPORT, '--dry-run', ...data]);
    expect(dry.json).toMatchObject({
      status: 'planned',
      rowsAccepted: 1,
      rowsDuplicate: 1,
      rowsRejected: 3,
      rejectedFile: null,
    });
    expect(filesIn(root.at('data'))).toEqual({});
    const run = await tb(['import', root.at('a.csv'), ...IMPORT, ...data]);
    expect(run.json).toMatchObject({
      status: 'imported',
      rowsRead: 5,
      rowsAccepted: 1,
      rowsDuplicate: 1,
      rowsRejected: 3,
    });
    const reasons = readFileSync(run.json.rejectedFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { reason: string }).reason.split(':')[0]);
    expect(reasons.sort()).toEqual(['conflicting_candle', 'misaligned', 'no_session']);
  });

  test('regress-8-import-placed: an import that is killed with its files placed and not published is completed by the next one', async () => {
    using root = tempRoot('import-killed');
    const data = ['--root', root.at('data'), '--json'];
    await tb(['init', ...data]);
    writeFileSync(root.at('a.csv'), candlesCsv(['AAA', 'BBB'], DATES));
    for (const step of ['gated', 'linked', 'unlinked', 'folders-synced']) {
      const { signal } = spawnSync(
        process.execPath,
        [KILLER, 'import', root.at('data'), step, root.at('a.csv')],
        { stdio: 'ignore' },
      );
      expect([step, signal]).toEqual([step, 'SIGKILL']);
    }
    const rerun = await tb(['import', root.at('a.csv'), ...IMPORT, ...data]);
    expect(rerun.json).toMatchObject({ status: 'imported', rowsAccepted: 120 });
    expect(Object.keys(filesIn(root.at('data')))).toHaveLength(10);
    const health = await tb(['health', '--full', ...data]);
    expect(health.exit).toBe(0);
  }, 240_000);

  test('ticks are never merged: equal ones are real trades', async () => {
    using root = tempRoot('ticks');
    const data = ['--root', root.at('data'), '--json'];
    await tb(['init', ...data]);
    const row = `A,${minute(DATES[0]!, 1)},1.5,10\n`;
    writeFileSync(root.at('t.csv'), `symbol,ts,price,volume\n${row.repeat(7)}`);
    const run = await tb([
      'import',
      root.at('t.csv'),
      '--exchange',
      'nse',
      '--kind',
      'ticks',
      ...data,
    ]);
    expect(run.json).toMatchObject({ status: 'imported', rowsAccepted: 7, rowsDuplicate: 0 });
    const sql = await tb([
      'sql',
      'SELECT count(*) AS n, count(DISTINCT seq) AS seqs FROM ticks',
      ...data,
    ]);
    expect(sql.json.rows).toEqual([{ n: 7, seqs: 7 }]);
    expect(
      (await tb(['import', root.at('t.csv'), '--exchange', 'nse', '--kind', 'ticks', ...data]))
        .json,
    ).toMatchObject({ status: 'already_imported' });
  });
});

const nse = sharedFile('data/nse_india_1m_lean.csv.gz');

describe('the real NSE file (../shared/data)', () => {
  (nse ? test : test.skip)(
    'has a day file for each of its sessions, and tells the mislabelled symbol',
    async () => {
      using root = tempRoot('nse');
      const data = ['--root', root.at('data'), '--json', '--quiet'];
      await tb(['init', ...data]);
      const run = await tb([
        'import',
        nse!,
        ...IMPORT,
        '--map',
        'ts=ts_utc',
        '--tz',
        'UTC',
        ...data,
      ]);
      expect(run.json).toMatchObject({
        status: 'imported',
        rowsRead: 105_615,
        rowsAccepted: 102_597,
        rowsDuplicate: 3_018,
        rowsRejected: 0,
      });
      expect(run.json.days).toHaveLength(257);
      const year = await tb([
        'sql',
        "SELECT count(DISTINCT CAST(ts + INTERVAL 330 MINUTE AS DATE)) AS sessions, count(*) AS n FROM candles_1m WHERE symbol = 'YESBANK'",
        ...data,
      ]);
      expect(year.json.rows).toEqual([{ sessions: 245, n: 92_017 }]);
      expect(
        run.json.findings
          .filter((finding: { gate: string }) => finding.gate === 'usual_hours')
          .map((finding: { symbol: string }) => finding.symbol),
      ).toEqual(['UNIONBANK', 'UNIONBANK', 'UNIONBANK']);
    },
    240_000,
  );
});
