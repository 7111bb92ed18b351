import { sep } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { type DayFileKey, layoutOf } from '@tb/schema';

const layout = layoutOf('/srv/tb-data');
const key: DayFileKey = {
  exchange: 'nse',
  kind: 'candles',
  timeframe: '1m',
  tradingDate: '2026-02-02',
  revision: 1,
};

describe('layout of the data root', () => {
  test('stored paths are relative, with / on every system', () => {
    expect(layout.dayFile(key)).toBe('market_data/nse/candles/1m/2026-02-02.duckdb');
    expect(layout.dayFile({ ...key, revision: 2 })).toBe(
      'market_data/nse/candles/1m/2026-02-02.r2.duckdb',
    );
    expect(layout.dayFile({ ...key, kind: 'ticks', timeframe: '' })).toBe(
      'market_data/nse/ticks/2026-02-02.duckdb',
    );
    expect(layout.monthFile('nse', '1m', '2026-01')).toBe(
      'market_data/nse/candles/1m/months/2026-01.duckdb',
    );
    expect(layout.wholeFile('nse', '1d', '2026-01')).toBe(
      'market_data/nse/candles/1d/whole/2026-01.duckdb',
    );
    expect(layout.archiveFile({ ...key, kind: 'ticks', timeframe: '' })).toBe(
      'market_data/archive/exchange=nse/kind=ticks/date=2026-02-02/r1.parquet',
    );
  });

  test.each([
    { ...key, exchange: '../nse' },
    { ...key, exchange: 'nse/../..' },
    { ...key, tradingDate: '2026-02-02/../x' },
    { ...key, timeframe: '../1m' as '1m' },
    { ...key, timeframe: '' as const },
    { ...key, kind: 'ticks' as const },
    { ...key, revision: 0 },
    { ...key, revision: 1.5 },
    { ...key, kind: '..' as 'ticks' },
  ])('no day file can leave the root: %j', (bad) => {
    expect(() => layout.dayFile(bad)).toThrow(expect.objectContaining({ code: 'BAD_NAME' }));
  });

  test.each(['../x', '/etc/passwd', 'market_data/../../x', 'a\0b', '', '.', '..'])(
    'a stored path %j that leaves the root is refused',
    (path) => {
      expect(() => layout.absolute(path)).toThrow(expect.objectContaining({ code: 'BAD_NAME' }));
    },
  );

  test('every path lies inside the root', () => {
    const paths = [
      layout.manifest,
      layout.liveDb('nse'),
      layout.segmentsDir('nse'),
      layout.storeDb('trading'),
      layout.runFile('run_20260202_093000_1a2b'),
      layout.calendarFile('nse'),
      layout.absolute(layout.dayFile(key)),
      layout.lockDir('live_buffer', 'nse'),
    ];
    for (const path of paths) expect(path.startsWith(layout.root + sep)).toBe(true);
  });

  test('the live buffer has one lock per exchange', () => {
    expect(layout.lockDir('live_buffer', 'nse')).not.toBe(layout.lockDir('live_buffer', 'bse'));
    expect(() => layout.lockDir('live_buffer')).toThrow(
      expect.objectContaining({ code: 'BAD_NAME' }),
    );
  });

  test('an empty root is refused', () => {
    expect(() => layoutOf('')).toThrow(expect.objectContaining({ code: 'BAD_NAME' }));
  });
});
