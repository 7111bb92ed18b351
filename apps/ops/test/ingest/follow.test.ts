import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { DatabaseManager } from '@tb/manager';
import { type TempRoot, tempRoot } from '@tb/testkit';
import { follow } from '../../src/ingest/follow.ts';
import { parseInputOptions } from '../../src/input/input-options.ts';
import { tb } from '../tb.ts';
import { liveNow, startIngest, ticksIn, until } from './feed-child.ts';

const OPEN_NS = 1_738_554_300_000_000_000n; // nse, 2025-02-03
const TICKS = ['--kind', 'ticks', '--ts-format', 'ns'];
const NSE = ['--exchange', 'nse', ...TICKS];
const JSONL = ['--input-format', 'jsonl'];
const HEADER = 'symbol,ts,price,volume,source_seq\n';

async function dataRoot(root: TempRoot): Promise<string> {
  const path = root.at('d');
  const made = await tb(['init', '--root', path, '--json']);
  expect(made.exit).toBe(0);
  return path;
}

/** Row n of a feed: its price is its number, so that a missing or doubled one shows. */
const csvRow = (n: number): string => `A,${OPEN_NS + BigInt(n)},${n},1,${n}\n`;
const jsonRow = (n: number, source: string): string =>
  `{"symbol":"${source}","ts":${OPEN_NS + BigInt(n)},"price":${n},"volume":1,"source":"${source}","source_seq":${n}}\n`;

/** Numbers from..to of rows, as text. */
function rowsText(from: number, to: number, rowOf: (n: number) => string): string {
  let text = '';
  for (let n = from; n <= to; n += 1) text += rowOf(n);
  return text;
}

async function pricesOf(root: string): Promise<{ n: number; prices: number; top: number }> {
  const run = await tb([
    'sql',
    'SELECT count(*) AS n, count(DISTINCT (symbol, price)) AS prices, max(price) AS top FROM ticks',
    '--root',
    root,
    '--json',
  ]);
  return run.json.rows[0];
}

describe('tb ingest --follow on stdin', () => {
  test('rows are stored while the pipe stays open, and SIGTERM ends with exit 0 and all that was read', async () => {
    using root = tempRoot('follow');
    const data = await dataRoot(root);
    const feed = startIngest(['-', '--follow', ...NSE, '--root', data]);
    feed.process.stdin.write(HEADER + rowsText(1, 500, csvRow));
    await until(() => ticksIn(data, 'nse') === 500);
    feed.process.stdin.write(csvRow(501));
    await until(() => ticksIn(data, 'nse') === 501); // one row does not wait for others
    feed.process.stdin.write('A,nonsense,1,1,502\n');
    feed.process.stdin.write(`A,${OPEN_NS},7`); // half a row: 7, or 700?
    await sleep(200);
    feed.process.kill('SIGTERM');
    const { exit, json } = await feed.ended();
    expect([exit, json.status, json.stoppedBy]).toEqual([0, 'stopped', 'signal']);
    expect(json).toMatchObject({ rowsRead: 503, rowsAccepted: 501, rowsRejected: 2 });
    expect(readFileSync(json.rejectedFile, 'utf8')).toMatch(/bad_time.*\n.*cut off/);
    expect(liveNow(data, 'nse')?.coverage).toEqual([]); // rows of 2025 cover nothing of today
  });

  test('after kill -9 the feed is sent again from its start, and each row is there once', async () => {
    using root = tempRoot('follow-kill');
    const data = await dataRoot(root);
    const words = ['-', '--follow', ...NSE, '--source', 'feed', '--root', data];
    const rows = 30_000;
    const first = startIngest(words);
    first.process.stdin.write(HEADER);
    let sent = 0;
    const sending = (async () => {
      for (; sent < rows && first.process.exitCode === null && !first.process.killed; sent += 250) {
        first.process.stdin.write(rowsText(sent + 1, sent + 250, csvRow));
        await sleep(2);
      }
    })();
    await until(() => ticksIn(data, 'nse') > 2_000);
    first.process.kill('SIGKILL');
    await Promise.all([first.ended(), sending]);
    const before = ticksIn(data, 'nse');
    expect(before).toBeLessThan(rows);
    const second = startIngest(words);
    second.process.stdin.end(HEADER + rowsText(1, rows, csvRow));
    const { exit, json } = await second.ended();
    expect([exit, json.status, json.stoppedBy]).toEqual([0, 'stopped', 'end']);
    expect(json).toMatchObject({ rowsDuplicate: before, rowsAccepted: rows - before });
    expect(await pricesOf(data)).toEqual({ n: rows, prices: rows, top: rows });
  });
});

describe('tb ingest --follow on a Unix socket', () => {
  test('clients at once, slow and broken ones too; a live socket is refused, a dead one replaced', async () => {
    using root = tempRoot('socket');
    const data = await dataRoot(root);
    const path = root.at('feed.sock');
    const words = ['--follow', '--socket', path, ...NSE, ...JSONL, '--root', data];
    const first = startIngest(words);
    await until(() => first.log().includes('listening'));
    // Another exchange, so that the writer lock is free.
    const bse = words.map((word) => (word === 'nse' ? 'bse' : word));
    const refused = await startIngest(bse).ended();
    expect([refused.exit, refused.json.error.code]).toEqual([75, 'SOCKET_IN_USE']);

    const send = async (text: string, piece = text.length): Promise<string> => {
      const client = connect(path);
      let answer = '';
      client.on('data', (chunk: Buffer) => {
        answer += chunk.toString();
      });
      const closed = once(client, 'close');
      for (let at = 0; at < text.length; at += piece) {
        client.write(text.slice(at, at + piece));
        if (piece < text.length) await sleep(1);
      }
      client.end();
      await closed; // the other side ends when every row is settled
      return answer;
    };
    const answers = await Promise.all([
      send(rowsText(1, 2000, (n) => jsonRow(n, 'fast'))),
      send(
        rowsText(1, 20, (n) => jsonRow(n, 'slow')),
        7,
      ),
      send('{"symbol":"A","price":1}\n'),
    ]);
    expect(answers.slice(0, 2)).toEqual(['', '']);
    expect(JSON.parse(answers[2]!)).toMatchObject({ error: { code: 'COLUMN_MISSING' } });
    expect(ticksIn(data, 'nse')).toBe(2020);

    first.process.kill('SIGKILL');
    await first.ended();
    expect(existsSync(path)).toBe(true);
    const second = startIngest(words);
    await until(() => second.log().includes('listening'));
    await send(rowsText(1900, 2100, (n) => jsonRow(n, 'fast'))); // reconnects, and repeats
    second.process.kill('SIGTERM');
    const { exit, json } = await second.ended();
    expect([exit, json.status]).toEqual([0, 'stopped']);
    expect(json).toMatchObject({ rowsDuplicate: 101, rowsAccepted: 100, connections: 1 });
    expect(existsSync(path)).toBe(false);
    expect(await pricesOf(data)).toEqual({ n: 2120, prices: 2120, top: 2100 });
  });

  test('a file at the path of the socket is kept', async () => {
    using root = tempRoot('socket-file');
    const data = await dataRoot(root);
    writeFileSync(root.at('mine'), 'mine');
    const words = ['--follow', '--socket', root.at('mine'), ...NSE, '--root', data];
    const { exit, json } = await startIngest(words).ended();
    expect([exit, json.error.code]).toEqual([75, 'SOCKET_IN_USE']);
    expect(readFileSync(root.at('mine'), 'utf8')).toBe('mine');
  });
});

test('rows of now give coverage while their input lasts, and figures are logged', async () => {
  using root = tempRoot('coverage');
  const data = await dataRoot(root);
  await using manager = await DatabaseManager.open({
    root: data,
    role: 'ingestor',
    exchanges: ['binance'],
    flushMs: 0,
  });
  const stdin = new PassThrough();
  const lines: string[] = [];
  const done = follow(
    { input: parseInputOptions('ticks', '', { tsFormat: 'ms' }, true), source: 'feed' },
    {
      live: manager.live('binance'),
      layout: manager.layout,
      calendar: manager.calendarOf('binance'),
      stdin,
      signal: new AbortController().signal,
      startedAt: new Date(),
      log: (line) => void lines.push(line),
      meterMs: 20,
    },
  );
  stdin.write(`symbol,ts,price,volume,source_seq\nBTCUSDT,${Date.now()},42000,0.5,1\n`);
  await until(() => lines.some((line) => line.includes(' accepted=1 ')));
  await until(() => (liveNow(data, 'binance')?.coverage.length ?? 0) > 0);
  stdin.end();
  expect(await done).toMatchObject({ status: 'stopped', stoppedBy: 'end', rowsAccepted: 1 });
  const [covered] = liveNow(data, 'binance')?.coverage ?? [];
  expect(covered?.source).toBe('feed');
  expect(Number(covered!.to - covered!.from)).toBeGreaterThan(0);
});

describe('tb ingest of a file', () => {
  test('SIGTERM stops between two batches, and the same command completes it', async () => {
    using root = tempRoot('interrupt');
    const data = await dataRoot(root);
    const file = root.at('t.csv');
    const rows = 400_000;
    writeFileSync(file, HEADER + rowsText(1, rows, csvRow));
    const words = [file, ...NSE, '--root', data];
    const first = startIngest(words);
    await until(() => ticksIn(data, 'nse') > 0);
    first.process.kill('SIGTERM');
    const stopped = await first.ended();
    expect([stopped.exit, stopped.json.status]).toEqual([3, 'interrupted']);
    const stored = ticksIn(data, 'nse');
    expect(stored).toBe(stopped.json.rowsAccepted);
    expect(stored).toBeLessThan(rows);
    const { exit, json } = await startIngest(words).ended();
    expect([exit, json.status]).toEqual([0, 'ingested']);
    expect(json).toMatchObject({ rowsDuplicate: stored, rowsAccepted: rows - stored });
    expect(await pricesOf(data)).toEqual({ n: rows, prices: rows, top: rows });
  });
});

test.each([
  ['a file is not followed', ['t.csv', '--follow']],
  ['a socket without --follow', ['--socket', 's']],
  ['a socket beside stdin', ['-', '--follow', '--socket', 's']],
  ['no input', []],
])('%s is refused', async (_name, words) => {
  const { exit, json } = await startIngest([...words, ...NSE]).ended();
  expect([exit, json.error.code]).toEqual([2, 'BAD_OPTION']);
});
