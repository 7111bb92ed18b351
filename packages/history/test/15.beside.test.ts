import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DayResult, DaySpec } from '@tb/history';
import { Market } from './market.ts';

const DATE = '2026-02-02';

/** What a build says, without names and times that are of one build alone. */
function essence({ ok, files, gates, rows }: DayResult): unknown {
  return {
    ok,
    gates,
    rows: Object.entries(rows),
    files: files.map(({ timeframe, contentHash, symbols, minTs, maxTs }) => ({
      ...{ timeframe, contentHash, symbols, minTs, maxTs },
    })),
  };
}

describe('a date built on two connections', () => {
  let market: Market;
  let alone: DaySpec['beside'];
  beforeAll(async () => {
    market = await Market.open('nse', 2);
    alone = await market.duck.connect();
    await market.symbols(3, DATE);
    await market.ticks('ticks', DATE, 3);
    await market.minutes('minutes', DATE, 3);
  });
  afterAll(async () => await market[Symbol.asyncDispose]());

  test.each([
    ['all rows', 'SELECT * FROM ticks'],
    ['a split price', 'SELECT * REPLACE (if(seq > 2000, price / 2, price) AS price) FROM ticks'],
    ['a wrong price', 'SELECT * REPLACE (if(seq = 9, -price, price) AS price) FROM ticks'],
    [
      'a hole, and volumes with fractions',
      'SELECT * REPLACE (volume / 3 AS volume) FROM ticks WHERE seq NOT BETWEEN 1000 AND 2000',
    ],
  ])('says what one connection says, in the same order: %s', async (_name, ticks) => {
    const spec = { source: { ticks }, sliceRows: 700, dryRun: true } as const;
    const one = await market.build(DATE, spec);
    const two = await market.build(DATE, { ...spec, beside: alone });
    expect(essence(two)).toEqual(essence(one));
    expect(Object.keys(two.rows)).toEqual(['ticks', '1m', '5m', '15m', '1h', '1d']);
  });

  test('keeps supplied candles, whose tables only one of them sees', async () => {
    const source = {
      ticks: 'SELECT * FROM ticks',
      candles: { '5m': 'FROM minutes WHERE i % 5 = 0' },
    };
    const spec = { source, dryRun: true } as const;
    const two = await market.build(DATE, { ...spec, beside: alone });
    expect(essence(two)).toEqual(essence(await market.build(DATE, spec)));
  });

  test('that fails leaves no file behind, and both connections can be used', async () => {
    const failing = market.build(DATE, {
      source: { ticks: 'SELECT * FROM ticks' },
      symbols: new Map([[1, 'S1']]),
      beside: alone,
    });
    await expect(failing).rejects.toMatchObject({ code: 'SID_UNKNOWN' });
    expect(market.filesOnDisk().filter((path) => path.includes('.tmp-'))).toEqual([]);
    const unreadable = market.build(DATE, {
      source: { ticks: "SELECT * REPLACE (if(seq = 5, error('no'), price) AS price) FROM ticks" },
      beside: alone,
    });
    await expect(unreadable).rejects.toMatchObject({ code: 'BUILD_FAILED' });
    expect(market.filesOnDisk().filter((path) => path.includes('.tmp-'))).toEqual([]);
    const again = await market.build(DATE, {
      source: { ticks: 'SELECT * FROM ticks' },
      beside: alone,
    });
    expect(again.files.map(({ timeframe }) => timeframe)).toEqual([
      ...['', '1m', '5m', '15m', '1h', '1d'],
    ]);
  });
});
