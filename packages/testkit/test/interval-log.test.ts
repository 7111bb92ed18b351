import { describe, expect, test } from '@jest/globals';
import { analyse, type LogLine } from '../src/race/interval-log.ts';

const line = (at: number, pid: number, kind: string, epoch = pid): LogLine => ({
  at: BigInt(at),
  pid,
  kind,
  epoch,
});
const none = new Map<number, bigint>();

describe('analysis of the holds that contenders logged', () => {
  test('holds one after the other do not overlap', () => {
    const log = [line(1, 1, 'enter'), line(5, 1, 'exit'), line(6, 2, 'enter'), line(9, 2, 'exit')];
    const { intervals, overlaps } = analyse(log, none, 100n);
    expect(intervals.map(({ pid, from, to, end }) => [pid, from, to, end])).toEqual([
      [1, 1n, 5n, 'exit'],
      [2, 6n, 9n, 'exit'],
    ]);
    expect(overlaps).toEqual([]);
  });

  test('two at once are found, whatever the order of the lines', () => {
    const log = [line(4, 2, 'enter'), line(9, 2, 'exit'), line(1, 1, 'enter'), line(5, 1, 'exit')];
    expect(analyse(log, none, 100n).overlaps).toHaveLength(1);
  });

  test('a hold inside a longer one is found though another came between', () => {
    const log = [
      ...[line(1, 1, 'enter'), line(2, 2, 'enter'), line(3, 2, 'exit')],
      ...[line(5, 3, 'enter'), line(6, 3, 'exit'), line(9, 1, 'exit')],
    ];
    expect(analyse(log, none, 100n).overlaps).toHaveLength(2);
  });

  test('a killed holder’s ends at the stamp before the signal; a stopped one’s goes on', () => {
    const log = [line(1, 1, 'enter'), line(6, 2, 'enter'), line(9, 2, 'exit')];
    expect(analyse(log, new Map([[1, 5n]]), 100n).overlaps).toEqual([]);
    expect(analyse(log, new Map([[1, 7n]]), 100n).overlaps).toHaveLength(1);
    expect(analyse(log, none, 100n).overlaps).toHaveLength(1);
  });

  test('one that kills itself says so before', () => {
    const log = [line(1, 1, 'enter'), line(3, 1, 'dying'), line(4, 2, 'enter'), line(5, 2, 'exit')];
    expect(analyse(log, none, 100n).overlaps).toEqual([]);
  });

  test('refusals of the witness are violations, waits are figures', () => {
    const log = [
      { ...line(1, 1, 'witness-waited'), waitedMs: 7 },
      { ...line(2, 2, 'witness-refused'), waitedMs: 101 },
    ];
    const { refused, waitedMs } = analyse(log, none, 100n);
    expect(refused.map(({ pid }) => pid)).toEqual([2]);
    expect(waitedMs).toEqual([7]);
  });
});
