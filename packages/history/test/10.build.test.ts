import { describe, expect, test } from '@jest/globals';
import { Market } from './market.ts';

const DATE = '2026-02-02';

describe('build', () => {
  test('a trading date of ticks becomes six files that pass every gate', async () => {
    await using market = await Market.open();
    await market.symbols(3, DATE);
    await market.ticks('ticks', DATE, 3);
    const result = await market.build(DATE, { source: { ticks: 'SELECT * FROM ticks' } });
    expect(result.gates.filter((gate) => !gate.ok)).toEqual([]);
    expect(result.ok).toBe(true);
    expect(result.rows).toEqual({
      ticks: 4500,
      '1m': 1125,
      '5m': 225,
      '15m': 75,
      '1h': 21,
      '1d': 3,
    });
    expect(await market.publish(result)).toBe(1);
  });
});
