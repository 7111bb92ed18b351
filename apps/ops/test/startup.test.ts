import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { tb } from './tb.ts';

const folder = tempRoot('startup');
const root = folder.at('data');

beforeAll(async () => {
  await tb(['init', '--root', root]);
}, 30_000);

afterAll(() => folder[Symbol.dispose]());

/** Native parts that the process of a command loads. */
async function nativeOf(words: readonly string[]): Promise<string[]> {
  const preload = new URL('./children/tell-native.mjs', import.meta.url).href;
  const { exit, stderr } = await tb(words, { env: { NODE_OPTIONS: `--import ${preload}` } });
  expect(exit).toBe(0);
  return JSON.parse(stderr.split('NATIVE ')[1] ?? '') as string[];
}

describe('a command loads the engines that it needs', () => {
  test.each([['--version'], ['--help'], ['candles --help']])('%s: none', async (words) => {
    expect(await nativeOf(words.split(' '))).toEqual([]);
  });

  test.each([['init'], ['locks'], ['metrics']])('%s: SQLite alone', async (words) => {
    expect(await nativeOf([...words.split(' '), '--root', root])).toEqual(['better_sqlite3.node']);
  });

  test('sql: both, so that the test would see DuckDB', async () => {
    const native = await nativeOf(['sql', 'SELECT 1', '--root', root]);
    expect(native).toEqual(['better_sqlite3.node', 'duckdb.node']);
  });
});
