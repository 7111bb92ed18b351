import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { sharedFile, tb } from './tb.ts';

const HEADER = 'kind,symbol,date,factor,new_symbol,known_at';
const GOOD = [
  'split,AAPL,2014-06-09,1/7,,2014-04-23T20:30:00Z',
  'dividend,AAPL,2014-08-07,0.995,,2014-07-22',
  'rename,QQQQ,2011-03-23,,QQQ,2011-03-01T00:00:00Z',
];

interface Listed {
  readonly symbol: string;
  readonly kind: string;
  readonly factor: number | null;
  readonly newSymbol: string | null;
  readonly isCurrent: boolean;
}

async function open(label: string) {
  const root = tempRoot(label);
  const data = ['--root', root.at('data'), '--json'];
  await tb(['init', ...data]);
  const file = (name: string, rows: readonly string[], header = HEADER): string => {
    writeFileSync(root.at(name), `${[header, ...rows].join('\n')}\n`);
    return root.at(name);
  };
  return {
    data,
    file,
    importFile: (path: string, ...flags: string[]) =>
      tb(['actions', 'import', path, '--exchange', 'xnas', ...flags, ...data]),
    list: async (...flags: string[]) => {
      const run = await tb(['actions', 'list', ...flags, '--exchange', 'xnas', ...data]);
      expect(run.exit).toBe(0);
      return run.json['actions'] as Listed[];
    },
    [Symbol.dispose]: () => root.remove(),
  };
}

describe('tb actions', () => {
  test('import stores every row once; a second import stores nothing', async () => {
    using t = await open('actions');
    const path = t.file('a.csv', GOOD);
    expect((await t.importFile(path, '--dry-run')).json).toMatchObject({
      status: 'planned',
      rowsAccepted: 3,
    });
    expect(await t.list()).toEqual([]);
    expect((await t.importFile(path)).json).toMatchObject({
      ...{ status: 'imported', rowsRead: 3, rowsAccepted: 3, rowsDuplicate: 0, rowsRejected: 0 },
      rejectedFile: null,
    });
    expect((await t.importFile(path)).json).toMatchObject({
      ...{ status: 'already_imported', rowsAccepted: 0, rowsDuplicate: 3 },
    });
    expect(await t.list()).toMatchObject([
      { symbol: 'QQQQ', kind: 'rename', factor: null, newSymbol: 'QQQ' },
      { symbol: 'AAPL', kind: 'split', factor: 1 / 7, knownAt: '2014-04-23T20:30:00Z' },
      { symbol: 'AAPL', kind: 'dividend', factor: 0.995, knownAt: '2014-07-22T00:00:00Z' },
    ]);
    expect(await t.list('QQQ')).toHaveLength(1);
  });

  test('a correction supersedes from its known_at on; as of before, the old value counts', async () => {
    using t = await open('actions-correct');
    await t.importFile(t.file('a.csv', GOOD));
    const corrected = t.file('b.jsonl', [], '');
    writeFileSync(
      corrected,
      [
        { kind: 'split', symbol: 'AAPL', date: '2014-06-09', factor: 0.5, known_at: '2014-05-01' },
        { kind: 'rename', symbol: 'QQQQ', date: '2011-03-23', new_symbol: 'QQQQ' },
      ]
        .map((row) => `${JSON.stringify(row)}\n`)
        .join(''),
    );
    const run = await t.importFile(corrected, '--known-at', '2014-05-02T00:00:00Z');
    expect(run.json).toMatchObject({ rowsAccepted: 2, rowsSuperseding: 2 });
    const splitsOf = (rows: Listed[]) => rows.filter((row) => row.kind === 'split');
    expect(splitsOf(await t.list('--as-of', '2014-04-30T00:00:00Z'))).toMatchObject([
      { factor: 1 / 7, isCurrent: true },
    ]);
    expect(splitsOf(await t.list())).toMatchObject([{ factor: 0.5, isCurrent: true }]);
    expect(splitsOf(await t.list('--all'))).toMatchObject([
      { factor: 1 / 7, isCurrent: false },
      { factor: 0.5, isCurrent: true },
    ]);
    expect((await t.list('QQQQ')).map((row) => row.newSymbol)).toEqual(['QQQQ']);
    // The old file says what is superseded: nothing of it is new.
    expect((await t.importFile(t.file('a.csv', GOOD))).json).toMatchObject({
      status: 'already_imported',
    });
  });

  test('rows that are no action are told and kept apart, the others are stored', async () => {
    using t = await open('actions-reject');
    const bad: readonly (readonly [string, string])[] = [
      ['bad_kind', 'merger,A,2024-01-02,0.5,,'],
      ['bad_symbol', 'split,,2024-01-02,0.5,,'],
      ['bad_date', 'split,A,2024-02-30,0.5,,'],
      ['bad_factor', 'split,A,2024-01-02,0,,'],
      ['bad_factor', 'split,A,2024-01-02,-1,,'],
      ['bad_factor', 'split,A,2024-01-02,1/0,,'],
      ['bad_factor', 'split,A,2024-01-02,,,'],
      ['bad_new_symbol', 'rename,A,2024-01-02,,,'],
      ['bad_known_at', 'split,A,2024-01-02,0.5,,2024-01-02T10:00:00'],
      ['bad_known_at', 'split,A,2024-01-02,0.5,,2999-01-01'],
      ['bad_row', 'split,A,2024-01-02'],
      ['conflict', 'split,AAPL,2014-06-09,0.5,,2014-04-23T20:30:00Z'],
    ];
    const rows = [...GOOD, ...bad.map(([, row]) => row)];
    const run = await t.importFile(t.file('a.csv', rows));
    const rowsRejected = bad.length;
    expect(run.json).toMatchObject({ status: 'imported', rowsAccepted: 3, rowsRejected });
    const told = readFileSync(String(run.json['rejectedFile']), 'utf8').trim().split('\n');
    const rejected = told.map((line) => JSON.parse(line) as { row: number; reason: string });
    rejected.sort((one, other) => one.row - other.row);
    expect(rejected.map(({ row, reason }) => [row, reason.split(':')[0]])).toEqual(
      bad.map(([reason], i) => [GOOD.length + 1 + i, reason]),
    );
    expect(await t.list()).toHaveLength(3);
  });

  test('an input of bad rows alone, without rows, or without a column is refused', async () => {
    using t = await open('actions-refuse');
    const bad = await t.importFile(t.file('bad.csv', ['split,A,2024-01-02,0,,']));
    expect([bad.exit, bad.json['error']['code']]).toEqual([3, 'ALL_ROWS_REJECTED']);
    const empty = await t.importFile(t.file('empty.csv', []));
    expect(empty.json['error']['code']).toBe('INPUT_EMPTY');
    const column = await t.importFile(t.file('column.csv', ['split,A'], 'kind,symbol'));
    expect(column.json['error']['code']).toBe('COLUMN_MISSING');
    expect((await t.importFile('nowhere.csv')).json['error']['code']).toBe('INPUT_MISSING');
    expect(existsSync('nowhere.csv')).toBe(false);
    expect(await t.list()).toEqual([]);
  });
});

const DAILY = sharedFile('data/us_equity_daily_raw.csv.gz');
const FACTORS = sharedFile('data/us_equity_factors.csv.gz');
const isThere = DAILY !== undefined && FACTORS !== undefined;

function rowsOf(path: string, symbol: string): string[][] {
  const lines = gunzipSync(readFileSync(path)).toString('utf8').split(/\r?\n/);
  return lines.map((line) => line.split(',')).filter((row) => row[0] === symbol);
}

/** The steps between cumulated factors: the ratio of a row to the next, on the day after the last date it applies to. */
function stepsOf(factors: readonly (readonly string[])[]): string[] {
  return factors.slice(0, -1).flatMap(([symbol, until, price, split], i) => {
    const [, , nextPrice, nextSplit] = factors[i + 1] as readonly string[];
    const date = new Date(Date.parse(String(until)) + 86_400_000).toISOString().slice(0, 10);
    return [
      ...(split === nextSplit ? [] : [`split,${symbol},${date},${split}/${nextSplit},,2014-01-01`]),
      ...(price === nextPrice
        ? []
        : [`dividend,${symbol},${date},${price}/${nextPrice},,2014-01-01`]),
    ];
  });
}

(isThere ? test : test.skip)(
  `imported actions adjust imported candles to the vendor's prices${isThere ? '' : ' (skipped: ../shared/data is not there)'}`,
  async () => {
    using t = await open('actions-real');
    const daily = rowsOf(String(DAILY), 'AAPL').filter(
      ([, date]) => String(date) >= '2014-05-01' && String(date) < '2014-06-20',
    );
    const factors = rowsOf(String(FACTORS), 'AAPL');
    const candles = t.file(
      'daily.csv',
      daily.map((row) => row.join(',')),
      'symbol,ts,open,high,low,close,volume',
    );
    const exchange = ['--exchange', 'xnas'];
    const kind = ['--kind', 'candles', '--timeframe', '1d'];
    expect((await tb(['import', candles, ...exchange, ...kind, ...t.data])).exit).toBe(0);
    expect((await t.importFile(t.file('actions.csv', stepsOf(factors)))).exit).toBe(0);
    const range = ['--from', '2014-05-01', '--to', '2014-06-20', '--timeframe', '1d'];
    const run = await tb([
      ...['candles', 'AAPL', ...exchange, ...range, '--adjust', 'all', ...t.data],
    ]);
    const closes = (run.json['rows'] as { close: number }[]).map((row) => row.close);
    const expected = daily.map(([, date, , , , close]) => {
      const factor = factors.find(([, until]) => String(date) <= String(until)) as string[];
      return Number(close) * Number(factor[2]) * Number(factor[3]);
    });
    expect(closes).toHaveLength(expected.length);
    // The vendor rounds its factors to seven digits.
    const worst = Math.max(...closes.map((close, i) => Math.abs(close / Number(expected[i]) - 1)));
    expect(worst).toBeLessThan(1e-6);
    expect(closes.every((close) => close > 50 && close < 100)).toBe(true); // 7:1 on 2014-06-09
  },
);
