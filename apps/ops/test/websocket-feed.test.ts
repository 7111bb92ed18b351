import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { liveNow, ticksIn, until } from './ingest/feed-child.ts';
import { tb } from './tb.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const TRADES = 6_000;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function startService(root: string, port: string): ChildProcess {
  const words = ['--root', root, '--exchange', 'binance', '--url', `ws://127.0.0.1:${port}`];
  const service = [here('../examples/websocket-feed.mjs'), ...words, '--source', 'fake'];
  const child = spawn(process.execPath, service, { stdio: ['ignore', 'inherit', 'pipe'] });
  children.push(child);
  return child;
}

test('the example stores each trade of a feed once and in order, though it breaks, repeats, reorders, and is killed', async () => {
  using root = tempRoot('websocket');
  const data = root.at('d');
  await tb(['init', '--root', data]);
  const exchange = spawn(process.execPath, [here('children/fake-exchange.mjs'), String(TRADES)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(exchange);
  const lines = createInterface({ input: exchange.stdout })[Symbol.asyncIterator]();
  const port = String((await lines.next()).value);

  const first = startService(data, port);
  await until(() => ticksIn(data, 'binance') > 1_500);
  first.kill('SIGKILL');
  await once(first, 'close');
  const survived = ticksIn(data, 'binance');
  expect(survived).toBeLessThan(TRADES);

  const second = startService(data, port);
  let told = '';
  second.stderr?.on('data', (chunk: Buffer) => {
    told += chunk.toString();
  });
  await until(() => ticksIn(data, 'binance') >= TRADES);
  second.kill('SIGTERM');
  const [exit] = (await once(second, 'close')) as [number];
  expect(exit).toBe(0);
  const last = JSON.parse(told.trimEnd().split('\n').at(-1)!) as Record<string, number>;
  expect(last).toMatchObject({ status: 'stopped', stored: TRADES - survived, last: TRADES });

  exchange.kill('SIGTERM');
  const did = JSON.parse(String((await lines.next()).value)) as Record<string, number>;
  for (const fault of ['broken', 'repeated', 'swapped'] as const)
    expect(did[fault]).toBeGreaterThan(3);
  const stored = await tb([
    'sql',
    'SELECT count(*) AS n, count(DISTINCT price) AS different, sum((price <= before)::INT) AS falls FROM (SELECT price, lag(price) OVER (ORDER BY seq) AS before FROM ticks)',
    '--root',
    data,
    '--json',
  ]);
  expect(stored.json.rows).toEqual([{ n: TRADES, different: TRADES, falls: 0 }]);
  expect(liveNow(data, 'binance')?.coverage.every(({ source }) => source === 'fake')).toBe(true);
  expect(liveNow(data, 'binance')?.coverage.length).toBeGreaterThan(0);
});
