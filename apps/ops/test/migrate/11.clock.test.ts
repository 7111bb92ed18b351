import { describe, expect, test } from '@jest/globals';
import { blockKey, type ClockBlock, decideClocks } from '../../src/migrate/clock.ts';

function block(part: Partial<ClockBlock>): ClockBlock {
  return {
    group: part.symbol ?? 'A',
    symbol: 'A',
    day: '2023-01-02',
    rows: 100,
    insideUtc: 0,
    insideIst: 0,
    isLong: false,
    isDaily: false,
    ...part,
  };
}

const utc = block({ insideUtc: 100, insideIst: 20 });
const ist = block({ day: '2023-01-03', insideUtc: 20, insideIst: 100 });
const both = block({ day: '2023-01-04', insideUtc: 100, insideIst: 100 });
const neither = block({ day: '2023-01-07', insideUtc: 0, insideIst: 0 });

const clockOf = (blocks: readonly ClockBlock[], one: ClockBlock, stated?: 'utc' | 'ist') =>
  decideClocks(blocks, stated).blocks.get(blockKey(one));

describe('the clock of a block of naive times', () => {
  test('is the one that alone fits market hours', () => {
    expect(clockOf([utc, ist], utc)).toBe('utc');
    expect(clockOf([utc, ist], ist)).toBe('ist');
  });

  test('is not guessed when both fit, whatever the blocks beside it say', () => {
    const decided = decideClocks([utc, both]);
    expect(decided.blocks.has(blockKey(both))).toBe(false);
    expect(decided.unclear).toEqual([both]);
  });

  test('is what the user states when both fit', () => {
    expect(clockOf([utc, both], both, 'ist')).toBe('ist');
  });

  test('is told by the values even against what the user states', () => {
    expect(clockOf([utc, ist, both], ist, 'utc')).toBe('ist');
  });

  test('follows the column when neither fits, and stays open when the column mixes clocks', () => {
    expect(clockOf([utc, neither], neither)).toBe('utc');
    expect(
      clockOf([block({ ...utc, symbol: 'B' }), block({ ...ist, symbol: 'C' }), neither], neither),
    ).toBeUndefined();
  });

  test('follows its own symbol before the column', () => {
    const mine = block({ ...ist, symbol: 'B', group: 'B' });
    const other = block({ ...neither, symbol: 'B', group: 'B' });
    expect(clockOf([utc, mine, other], other)).toBe('ist');
  });

  test('tolerates one row in a hundred outside a short session, and none outside a long one', () => {
    expect(clockOf([block({ insideUtc: 99 })], block({}))).toBe('utc');
    expect(clockOf([block({ insideUtc: 98 })], block({}))).toBeUndefined();
    expect(clockOf([block({ insideUtc: 99, isLong: true })], block({}))).toBeUndefined();
  });

  test('stays open when one part fits one clock and the rest the other', () => {
    const mixed = block({ day: '2023-01-05', insideUtc: 50, insideIst: 50 });
    expect(clockOf([utc, mixed], mixed)).toBeUndefined();
  });

  test('is never told by candles of whole days', () => {
    const daily = block({ isDaily: true, insideUtc: 100, day: '2023-01-06' });
    expect(clockOf([daily], daily)).toBeUndefined();
    expect(clockOf([ist, daily], daily)).toBe('ist');
  });
});
