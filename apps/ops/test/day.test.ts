import { writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { generateTicks } from '@tb/simulator';
import { Multiset, tempRoot } from '@tb/testkit';
import { timeText } from '../src/format/time-text.ts';
import { sharedFile, tb } from './tb.ts';

const DATE = '2025-02-03';
const TICKS = ['--exchange', 'nse', '--kind', 'ticks', '--date', DATE];
const RANGE = ['--exchange', 'nse', '--from', DATE, '--to', '2025-02-04'];

function csvOfDay(rows: number, seed = 1): string {
  const session = calendarOf('nse').sessionOf(DATE);
  if (!session) throw new Error('no session');
  const lines = ['symbol,ts,price,volume,bid,ask'];
  for (const batch of generateTicks({
    seed,
    symbols: 6,
    rows,
    openNs: session.open,
    closeNs: session.close,
  })) {
    batch.symbol.forEach((symbol, i) => {
      const quote = (value: number): string => (Number.isNaN(value) ? '' : String(value));
      lines.push(
        `${symbol},${timeText(batch.ts[i]!)},${batch.price[i]},${batch.volume[i]},${quote(batch.bid[i]!)},${quote(batch.ask[i]!)}`,
      );
    });
  }
  return `${lines.join('\n')}\n`;
}

/** Rows of `tb ticks --format csv` without seq, as a bag. */
function bagOf(csv: string): Multiset {
  return Multiset.of(
    csv
      .trimEnd()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').slice(0, 6).join(',')),
  );
}

describe('a trading day through tb', () => {
  test('ticks are the same before and after the rollover, and 1m candles equal an independent aggregation', async () => {
    using root = tempRoot('day');
    const csv = csvOfDay(3000);
    writeFileSync(root.at('ticks.csv'), csv);
    const data = ['--root', root.at('data')];
    expect((await tb(['init', ...data, '--json'])).json).toMatchObject({
      command: 'init',
      status: 'created',
    });
    const ingested = await tb(['ingest', root.at('ticks.csv'), ...TICKS, ...data, '--json']);
    expect(ingested.json).toMatchObject({
      status: 'ingested',
      rowsRead: 3000,
      rowsAccepted: 3000,
      rowsDuplicate: 0,
      rowsRejected: 0,
      rejectedFile: null,
      days: [{ date: DATE, rows: 3000 }],
    });
    const sent = bagOf(csv);
    const before = await tb(['ticks', ...RANGE, ...data, '--format', 'csv']);
    expect(before.stdout.split('\n')[0]).toBe('symbol,ts,price,volume,bid,ask,seq');
    expect(bagOf(before.stdout).digest()).toBe(sent.digest());
    const again = await tb(['ingest', root.at('ticks.csv'), ...TICKS, ...data, '--json']);
    expect(again.json).toMatchObject({
      status: 'already_ingested',
      rowsAccepted: 0,
      rowsDuplicate: 3000,
    });

    const planned = await tb([
      'rollover',
      '--exchange',
      'nse',
      '--date',
      DATE,
      '--dry-run',
      ...data,
      '--json',
    ]);
    expect(planned.json).toMatchObject({ status: 'planned' });
    const rolled = await tb(['rollover', '--exchange', 'nse', '--date', DATE, ...data, '--json']);
    expect(rolled.json).toMatchObject({
      status: 'promoted',
      dates: [{ date: DATE, status: 'promoted', rows: { ticks: 3000 } }],
    });
    expect(
      rolled.json.days.map((day: { timeframe: string | null }) => day.timeframe).sort(),
    ).toEqual(['15m', '1d', '1h', '1m', '5m', null].sort());
    expect(
      (await tb(['rollover', '--exchange', 'nse', '--date', DATE, ...data, '--json'])).json,
    ).toMatchObject({ status: 'already_promoted' });
    expect((await tb(['rollover', '--exchange', 'nse', ...data, '--json'])).json).toMatchObject({
      status: 'nothing_to_do',
    });
    const after = await tb(['ticks', ...RANGE, ...data, '--format', 'csv']);
    expect(bagOf(after.stdout).digest()).toBe(sent.digest());

    const candles = await tb(['candles', ...RANGE, '--timeframe', '1m', ...data, '--json']);
    expect(candles.json.rows).toEqual(candlesOf(csv));
    const sql = await tb([
      'sql',
      'SELECT count(*) AS n, sum(volume) AS volume FROM ticks',
      ...data,
      '--json',
    ]);
    const volume = csv
      .trimEnd()
      .split('\n')
      .slice(1)
      .reduce((sum, line) => sum + Number(line.split(',')[3]), 0);
    expect(sql.json.rows).toEqual([{ n: 3000, volume }]);
  }, 240_000);

  test('a rejected row is kept with its reason, and the counts add up', async () => {
    using root = tempRoot('rejects');
    const data = ['--root', root.at('data')];
    await tb(['init', ...data]);
    const at = '2025-02-03T05:00:00Z';
    writeFileSync(
      root.at('t.csv'),
      `symbol,ts,price,volume\nA,${at},1,1\nA,${at},abc,1\nA,${at},-2,1\nA,${at},NaN,1\nA,2025-02-08T05:00:00Z,1,1\nA,${at},2,0\n`,
    );
    const run = await tb([
      'ingest',
      root.at('t.csv'),
      '--exchange',
      'nse',
      '--kind',
      'ticks',
      '--date',
      DATE,
      ...data,
      '--json',
    ]);
    expect(run.json).toMatchObject({
      rowsRead: 6,
      rowsAccepted: 2,
      rowsDuplicate: 0,
      rowsRejected: 4,
    });
    const { readFileSync } = await import('node:fs');
    const kept = readFileSync(run.json.rejectedFile, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { row: number; reason: string });
    expect(kept.map(({ row, reason }) => [row, reason.split(':')[0]]).sort()).toEqual([
      [2, 'bad_price'],
      [3, 'bad_price'],
      [4, 'bad_price'],
      [5, 'outside_window'],
    ]);
  }, 240_000);
});

/** 1m candles by arrival order, computed here and nowhere else. */
function candlesOf(csv: string): Record<string, unknown>[] {
  const candles = new Map<
    string,
    {
      symbol: string;
      ts: string;
      open: number;
      high: number;
      low: number;
      close: number;
      volume: number;
      firstMs: number;
      lastMs: number;
    }
  >();
  for (const line of csv.trimEnd().split('\n').slice(1)) {
    const [symbol, time, priceText, volumeText] = line.split(',') as [
      string,
      string,
      string,
      string,
    ];
    const ms = Date.parse(time);
    const ts = new Date(Math.floor(ms / 60_000) * 60_000).toISOString().replace('.000Z', 'Z');
    const [price, volume] = [Number(priceText), Number(volumeText)];
    const known = candles.get(`${ts} ${symbol}`);
    if (!known) {
      candles.set(`${ts} ${symbol}`, {
        symbol,
        ts,
        open: price,
        high: price,
        low: price,
        close: price,
        volume,
        firstMs: ms,
        lastMs: ms,
      });
      continue;
    }
    if (ms < known.firstMs) [known.open, known.firstMs] = [price, ms];
    if (ms >= known.lastMs) [known.close, known.lastMs] = [price, ms];
    known.high = Math.max(known.high, price);
    known.low = Math.min(known.low, price);
    known.volume += volume;
  }
  return [...candles.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { firstMs: _first, lastMs: _last, ...candle }]) => candle);
}

describe('bad input has a code, an exit code, and stores nothing', () => {
  const at = '2025-02-03T05:00:00Z';
  const cases: [string, string, string[], number, string][] = [
    ['a wrong column', 'symbol,time,price,volume\nA,1,1,1\n', [], 2, 'COLUMN_MISSING'],
    [
      'a time without a zone',
      'symbol,ts,price,volume\nA,2025-02-03 10:00:00,1,1\n',
      [],
      2,
      'TIME_ZONE_MISSING',
    ],
    ['an unreadable CSV', 'symbol,ts,price,volume\n"A,1', [], 2, 'INPUT_UNREADABLE'],
    ['an empty file', '', [], 3, 'INPUT_EMPTY'],
    ['a header alone', 'symbol,ts,price,volume\n', [], 3, 'INPUT_EMPTY'],
    ['nothing but bad rows', `symbol,ts,price,volume\nA,${at},x,1\n`, [], 3, 'ALL_ROWS_REJECTED'],
    [
      'a date without a session',
      `symbol,ts,price,volume\nA,${at},1,1\n`,
      ['--date', '2025-02-08'],
      3,
      'NO_SESSION',
    ],
    [
      'a date that is none',
      `symbol,ts,price,volume\nA,${at},1,1\n`,
      ['--date', '2025-02-30'],
      2,
      'BAD_NAME',
    ],
    [
      'an exchange that is a path',
      `symbol,ts,price,volume\nA,${at},1,1\n`,
      ['--exchange', '../nse'],
      2,
      'BAD_NAME',
    ],
    [
      'an unknown option',
      `symbol,ts,price,volume\nA,${at},1,1\n`,
      ['--nonsense'],
      2,
      'commander.usage',
    ],
  ];
  test.each(cases)(
    '%s',
    async (_name, text, words, exit, code) => {
      using root = tempRoot('bad');
      const data = ['--root', root.at('data')];
      await tb(['init', ...data]);
      writeFileSync(root.at('t.csv'), text);
      const run = await tb([
        'ingest',
        root.at('t.csv'),
        '--exchange',
        'nse',
        '--kind',
        'ticks',
        ...words,
        ...data,
        '--json',
      ]);
      expect([run.exit, run.json.error.code]).toEqual([exit, code]);
      expect(run.stderr).toMatch(/^Error: .+\nTry: .+\n/);
      const rows = await tb(['sql', 'SELECT count(*) AS n FROM ticks', ...data, '--json']);
      expect(rows.json.rows).toEqual([{ n: 0 }]);
    },
    240_000,
  );

  test('a missing file, and a root that is none', async () => {
    using root = tempRoot('missing');
    const data = ['--root', root.at('data')];
    const ticks = ['--exchange', 'nse', '--kind', 'ticks', '--json'];
    const ingest = ['ingest', root.at('t.csv'), ...ticks, ...data];
    const noRoot = await tb(ingest);
    expect([noRoot.exit, noRoot.json.error.code]).toEqual([3, 'NOT_INITIALISED']);
    await tb(['init', ...data]);
    const noFile = await tb(ingest);
    expect([noFile.exit, noFile.json.error.code]).toEqual([2, 'INPUT_MISSING']);
  }, 240_000);
});

const spy = sharedFile('data/us_spy_trades_20131007.csv.gz');
const arrival = sharedFile('data/derived_spy_trades_20131007_arrival_order.csv.gz');
const SPY = [
  '--exchange',
  'xnas',
  '--kind',
  'ticks',
  '--date',
  '2013-10-07',
  '--map',
  'ts=ts_utc,volume=size',
  '--tz',
  'UTC',
];
const SPY_RANGE = ['--exchange', 'xnas', '--from', '2013-10-07', '--to', '2013-10-08'];

describe('real SPY trades of 2013-10-07 (../shared/data)', () => {
  (spy && arrival ? test : test.skip)(
    'sorted and in arrival order keep all 241,020 rows and give the same candles, volumes and extremes',
    async () => {
      using root = tempRoot('spy');
      const results: Record<string, { bag: string; candles: Record<string, number | string>[] }> =
        {};
      for (const [name, file] of Object.entries({ sorted: spy!, arrival: arrival! })) {
        const data = ['--root', root.at(name)];
        await tb(['init', ...data]);
        const ingested = await tb(['ingest', file, ...SPY, ...data, '--json']);
        expect(ingested.json).toMatchObject({ rowsRead: 241_020, rowsAccepted: 241_020 });
        const before = bagOf(
          (await tb(['ticks', 'SPY', ...SPY_RANGE, ...data, '--format', 'csv'])).stdout,
        );
        expect(
          (await tb(['rollover', '--exchange', 'xnas', '--date', '2013-10-07', ...data, '--json']))
            .json,
        ).toMatchObject({ status: 'promoted' });
        const after = bagOf(
          (await tb(['ticks', 'SPY', ...SPY_RANGE, ...data, '--format', 'csv'])).stdout,
        );
        expect(after.size).toBe(241_020);
        expect(after.digest()).toBe(before.digest());
        const candles = await tb([
          'candles',
          'SPY',
          ...SPY_RANGE,
          '--timeframe',
          '1m',
          ...data,
          '--json',
        ]);
        results[name] = { bag: after.digest(), candles: candles.json.rows };
      }
      expect(results['arrival']?.bag).toBe(results['sorted']?.bag);
      // Open and close depend on the order inside a millisecond; the rest does not.
      const orderless = (rows: Record<string, number | string>[]) =>
        rows.map(({ ts, high, low, volume }) => ({ ts, high, low, volume }));
      expect(orderless(results['arrival']!.candles)).toEqual(orderless(results['sorted']!.candles));
    },
    180_000,
  );
});
