import { writeFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { tempRoot } from '@tb/testkit';
import { MarketRoot } from './market-root.ts';
import { tb } from './tb.ts';

/** Of a loaded machine; alone it takes a few seconds. */
const TIMEOUT_MS = 240_000;
const [FIRST, SECOND, AFTER] = ['2025-02-03', '2025-02-04', '2025-02-05'] as const;
const NO_RUN = { exit: 0, runs: [] };

/** Sixty 1m candles of one symbol from the open of a date. */
function writeCandles(path: string, symbol: string, date: string, price: number): string {
  const open = Date.parse(`${date}T03:45:00Z`);
  const lines = Array.from({ length: 60 }, (_value, minute) => {
    const close = price + (minute % 7);
    const at = new Date(open + minute * 60_000).toISOString();
    return `${symbol},${at},${price},${close + 1},${price - 1},${close},10\n`;
  });
  writeFileSync(path, `symbol,ts,open,high,low,close,volume\n${lines.join('')}`);
  return path;
}

test(
  'a correction makes exactly those runs stale that read the old revision of its date, and tells which file they read',
  async () => {
    using root = tempRoot('stale-runs');
    const market = await MarketRoot.create(root.at('data'));
    const files = [FIRST, SECOND].map((date) =>
      writeCandles(root.at(`${date}.csv`), 'AAA', date, 100),
    );
    await market.import('candles', files);
    const run = async (from: string, to: string): Promise<string> => {
      const words = ['backtest', 'run', 'moving-average-cross', '--exchange', 'nse'];
      const range = ['--symbols', 'AAA', '--from', from, '--to', to, '--on-gap', 'report'];
      const { exit, json } = await tb([...words, ...range, '--root', market.path, '--json']);
      expect([exit, json.status]).toEqual([0, 'done']);
      return json.runId;
    };
    const stale = async (): Promise<{ exit: number | null; runs: unknown[] }> => {
      const { exit, json } = await tb(['backtest', 'stale', '--root', market.path, '--json']);
      return { exit, runs: json.runs };
    };
    const both = await run(FIRST, AFTER);
    await run(SECOND, AFTER);
    expect(await stale()).toEqual(NO_RUN);

    const again = writeCandles(root.at('again.csv'), 'AAA', FIRST, 90);
    const correction = { why: 'the vendor sent new prices', who: 'test' };
    expect(await market.import('candles', [again], { correction })).toMatchObject({
      status: 'corrected',
    });
    const day = (path: string, revision: number): unknown =>
      expect.objectContaining({ path: expect.stringContaining(path), revision });
    expect(await stale()).toEqual({
      exit: 0,
      runs: [
        {
          runId: both,
          days: [
            {
              tradingDate: FIRST,
              reason: 'corrected',
              read: day(`/candles/1m/${FIRST}.duckdb`, 1),
              current: day(`/candles/1m/${FIRST}.r2.duckdb`, 2),
            },
          ],
        },
      ],
    });
    await run(FIRST, AFTER);
    expect((await stale()).runs).toHaveLength(1);
  },
  TIMEOUT_MS,
);
