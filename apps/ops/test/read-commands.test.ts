import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { type TbRun, tb } from './tb.ts';

const DAY = ['--exchange', 'nse', '--from', '2026-02-02', '--to', '2026-02-03'];

/** A root with two candles of AAA on 2026-02-02. */
async function open(label: string) {
  const root = tempRoot(label);
  const data = ['--root', root.at('data'), '--json'];
  expect(await tb(['init', ...data])).toMatchObject({ exit: 0 });
  writeFileSync(
    root.at('a.csv'),
    `symbol,ts,open,high,low,close,volume
AAA,2026-02-02T03:45:00Z,1,2,1,2,10
AAA,2026-02-02T03:46:00Z,2,2,1,1,20
`,
  );
  const words = ['import', root.at('a.csv'), '--exchange', 'nse', '--kind', 'candles', ...data];
  expect(await tb(words)).toMatchObject({ exit: 0 });
  return {
    at: (name: string) => root.at(name),
    names: () => readdirSync(root.at('')).sort(),
    candles: (...flags: string[]): Promise<TbRun> =>
      tb(['candles', 'AAA', '--timeframe', '1m', ...flags, ...data]),
    [Symbol.dispose]: () => root.remove(),
  };
}

describe('tb candles', () => {
  test.each(['parquet', 'csv'])(
    'regress-7-output-exists: %s is not written in place of a file',
    async (format) => {
      using t = await open('read-out');
      const out = t.at('mine');
      writeFileSync(out, 'precious');
      const refused = await t.candles(...DAY, '--format', format, '--out', out);
      expect(refused).toMatchObject({ exit: 3, json: { error: { code: 'OUTPUT_EXISTS' } } });
      expect(readFileSync(out, 'utf8')).toBe('precious');
      const written = await t.candles(...DAY, '--format', format, '--out', t.at('new'));
      expect(written).toMatchObject({ exit: 0, json: { rowCount: 2, out: t.at('new') } });
      expect(existsSync(t.at('new'))).toBe(true);
      expect(t.names()).toEqual(['a.csv', 'data', 'mine', 'new']);
    },
  );

  test('regress-7-bad-options: a zone that is none, and filling of the newest N, are refused', async () => {
    using t = await open('read-options');
    const badOption = { exit: 2, json: { error: { code: 'BAD_OPTION' } } };
    expect(await t.candles(...DAY, '--tz', 'Mars/Base')).toMatchObject(badOption);
    const last = ['--exchange', 'nse', '--last', '5'];
    for (const policy of ['fill', 'null'])
      expect(await t.candles(...last, '--on-gap', policy)).toMatchObject(badOption);
    expect(await t.candles(...last, '--on-gap', 'error')).toMatchObject({
      exit: 0,
      json: { rowCount: 2 },
    });
  });

  test('an unknown symbol is told with the option that allows it', async () => {
    using t = await open('read-unknown');
    const unknown = await t.candles('NOPE', ...DAY);
    expect(unknown).toMatchObject({ exit: 2, json: { error: { code: 'UNKNOWN_SYMBOL' } } });
    expect(unknown.json.error.hint).toContain('--unknown-symbol empty');
    const allowed = await t.candles('NOPE', ...DAY, '--unknown-symbol', 'empty');
    expect(allowed).toMatchObject({ exit: 0, json: { rowCount: 2, symbols: ['AAA', 'NOPE'] } });
  });
});
