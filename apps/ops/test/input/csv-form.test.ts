import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { MarketRoot } from '../market-root.ts';
import { tb } from '../tb.ts';

const START = Date.parse('2024-01-02T14:30:00Z');
const MINUTES = 30;

/** A candle a minute of one symbol, its cells joined. */
function rows(delimiter: string, cells: (at: number) => readonly (string | number)[]): string {
  return Array.from({ length: MINUTES }, (_value, at) => `${cells(at).join(delimiter)}\n`).join('');
}

const prices = (at: number): readonly number[] => [100 + at, 101 + at, 99 + at, 100.5 + at, 10];
const ms = (at: number): number => START + at * 60_000;

/** As exchanges and vendors ship them: one symbol a file, which names it. */
const BINANCE = rows(',', (at) => [ms(at), ...prices(at), ms(at) + 59_999, '5.5', 3, 1, 2, 0]);
const FIRST_RATE = rows(',', (at) => [`2024-01-02 09:${30 + at}:00`, ...prices(at)]);
const NAMES = ['--columns', 'ts,open,high,low,close,volume'];
const NEW_YORK = ['--exchange', 'xnas', '--kind', 'candles', '--tz', 'America/New_York'];

async function symbolsIn(root: string): Promise<unknown> {
  const sql =
    'SELECT symbol, count(*)::INTEGER AS n FROM candles_1m GROUP BY symbol ORDER BY symbol';
  return (await tb(['sql', sql, '--root', root, '--json'])).json.rows;
}

describe('files without a header, each of one symbol', () => {
  test('columns are named by --columns, symbols by the names of the files, all in one import', async () => {
    using folder = tempRoot('vendor');
    const root = await MarketRoot.create(folder.at('data'));
    const data = ['--root', root.path, '--json', '--quiet'];
    const files = ['SPY.csv', 'BAJAJ-AUTO.txt'].map((name) => folder.at(name));
    for (const file of files) writeFileSync(file, FIRST_RATE);
    const shares = await tb([
      'import',
      ...files,
      ...NEW_YORK,
      ...NAMES,
      '--symbol',
      '{file}',
      ...data,
    ]);
    expect(shares.json).toMatchObject({ rowsAccepted: 2 * MINUTES, rowsRejected: 0 });
    const klines = folder.at('BTCUSDT-1m-2024-01.csv.gz');
    writeFileSync(klines, gzipSync(BINANCE));
    const how = ['--exchange', 'binance', '--kind', 'candles', '--ts-format', 'ms', ...NAMES];
    const coins = await tb(['import', klines, ...how, '--symbol', 'SPOT|{head}', ...data]);
    expect(coins.json).toMatchObject({ rowsAccepted: MINUTES, rowsRejected: 0 });
    expect(await symbolsIn(root.path)).toEqual([
      { symbol: 'BAJAJ-AUTO', n: MINUTES },
      { symbol: 'SPOT|BTCUSDT', n: MINUTES },
      { symbol: 'SPY', n: MINUTES },
    ]);
  });

  test('a date and a time of day in two columns are joined, in the form that is stated', async () => {
    using folder = tempRoot('kibot');
    const root = await MarketRoot.create(folder.at('data'));
    const file = folder.at('IBM.txt');
    writeFileSync(
      file,
      rows(',', (at) => ['01/02/2024', `09:${30 + at}`, ...prices(at)]),
    );
    const { json } = await tb([
      ...[
        'import',
        file,
        ...NEW_YORK,
        '--symbol',
        '{file}',
        '--columns',
        'date,time,open,high,low,close,volume',
      ],
      ...['--map', 'ts=date+time', '--ts-format', '%m/%d/%Y %H:%M'],
      ...['--root', root.path, '--json', '--quiet'],
    ]);
    expect(json).toMatchObject({
      rowsAccepted: MINUTES,
      rowsRejected: 0,
      days: [{ date: '2024-01-02' }],
    });
    expect(await symbolsIn(root.path)).toEqual([{ symbol: 'IBM', n: MINUTES }]);
  });

  test('a row with fewer cells than the first line is rejected, and the first line is a row', async () => {
    using folder = tempRoot('short');
    const root = await MarketRoot.create(folder.at('data'));
    const file = folder.at('QQQ.csv');
    writeFileSync(file, `${FIRST_RATE}2024-01-02 10:30:00,1,2\n`);
    const { json } = await tb([
      'import',
      ...[file, ...NEW_YORK, ...NAMES, '--symbol', '{file}'],
      ...['--root', root.path, '--json', '--quiet'],
    ]);
    expect(json).toMatchObject({ rowsRead: MINUTES + 1, rowsAccepted: MINUTES, rowsRejected: 1 });
  });
});

test.each([
  ["';'", ';', ';'],
  ['tab', '\t', 'tab'],
])(
  'cells parted by %s are named in the refusal, and read when that is stated',
  async (_name, character, stated) => {
    using folder = tempRoot('parted');
    const root = await MarketRoot.create(folder.at('data'));
    const file = folder.at('a.csv');
    const header = ['symbol', 'ts', 'open', 'high', 'low', 'close', 'volume'].join(character);
    // A quote takes the other path of the reader.
    const body = rows(character, (at) => [
      at === 7 ? '"SPY"' : 'SPY',
      new Date(ms(at)).toISOString(),
      ...prices(at),
    ]);
    writeFileSync(file, `${header}\n${body}`);
    const run = [
      'import',
      file,
      '--exchange',
      'xnas',
      '--kind',
      'candles',
      '--root',
      root.path,
      '--json',
    ];
    const { json } = await tb(run);
    expect(json.error.code).toBe('COLUMN_MISSING');
    expect(json.error.hint).toContain(`--delimiter ${stated === 'tab' ? 'tab' : "';'"}`);
    expect((await tb([...run, '--delimiter', stated])).json).toMatchObject({
      rowsAccepted: MINUTES,
    });
  },
);

test.each([
  [
    ['a.csv', '--columns', 'ts,open,high,low,close,volume,a,b'],
    'INPUT_UNREADABLE',
    /names 8 columns.* has 6 cells/,
  ],
  [['a.csv', '--columns', 'ts,,open'], 'BAD_OPTION', /empty name/],
  [['a.csv', '--delimiter', ',,'], 'BAD_OPTION', /not one character/],
  [['a.csv', '--delimiter', '"'], 'BAD_OPTION', /not one character/],
  [['a.jsonl', '--columns', 'ts'], 'BAD_OPTION', /is jsonl/],
  [['a.csv', '--map', 'ts=a+b+c'], 'BAD_OPTION', /ts=date\+time/],
  [['a.csv', '--map', 'ts=date+time'], 'COLUMN_MISSING', /no column date, open.*time/],
  [['a.csv', '--ts-format', '%d.%m'], 'BAD_OPTION', /a part of the date/],
  [['a.csv'], 'COLUMN_MISSING', /has no column/],
])('%j is refused', async ([name, ...flags], code, message) => {
  using folder = tempRoot('form');
  const root = await MarketRoot.create(folder.at('data'));
  const file = folder.at(String(name));
  writeFileSync(file, FIRST_RATE);
  const { json } = await tb([
    'import',
    ...[file, ...NEW_YORK, '--symbol', 'SPY', ...flags],
    ...['--root', root.path, '--json', '--quiet'],
  ]);
  expect(json.error).toMatchObject({ code, message: expect.stringMatching(message) });
  if (code === 'COLUMN_MISSING') expect(json.error.hint).toContain('--columns ts,open');
});
