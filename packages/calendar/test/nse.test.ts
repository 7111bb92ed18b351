import { describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { datesOf, INDIA, isWeekend, wall } from './clock.ts';

const calendar = calendarOf('nse');

/** Trading days a year, Muhurat and weekend sessions included. */
const TRADING_DAYS: Readonly<Record<number, number>> = {
  2017: 248,
  2018: 246,
  2019: 245,
  2020: 252,
  2021: 248,
  2022: 248,
  2023: 246,
  2024: 249,
  2025: 249,
};

describe('NSE and BSE', () => {
  test.each(Object.keys(TRADING_DAYS).map(Number))(
    '%d has as many sessions as the exchange had',
    (year) => {
      expect(calendar.sessionsBetween(`${year}-01-01`, `${year + 1}-01-01`)).toHaveLength(
        TRADING_DAYS[year] ?? 0,
      );
    },
  );

  test('sessions on weekends are those that the exchange announced', () => {
    const found = [...Array(10).keys()]
      .flatMap((i) => datesOf(2017 + i))
      .filter((date) => isWeekend(date) && calendar.isSession(date));
    expect(found).toEqual([
      '2019-10-27',
      '2020-02-01',
      '2020-11-14',
      '2023-11-12',
      '2024-01-20',
      '2024-03-02',
      '2024-05-18',
      '2025-02-01',
      '2026-02-01',
    ]);
  });

  test('no holiday is listed on a weekend', () => {
    for (let year = 2017; year <= 2026; year++)
      for (const date of datesOf(year))
        if (isWeekend(date) && calendar.reasonOf(date) !== undefined)
          expect(calendar.isSession(date)).toBe(true);
  });

  test.each([
    ['2018-11-07', '17:30', '18:30'],
    ['2019-10-27', '18:15', '19:15'],
    ['2024-11-01', '18:00', '19:00'],
    ['2025-10-21', '13:45', '14:45'],
  ])('Muhurat of %s is %s to %s', (date, open, close) => {
    expect(calendar.sessionOf(date)).toMatchObject({
      open: wall(`${date} ${open}`, INDIA),
      close: wall(`${date} ${close}`, INDIA),
      kind: 'special',
      certainty: 'known',
    });
    expect(calendar.reasonOf(date)).toBe('Muhurat');
  });

  test('a candle ten minutes after a Sunday Muhurat session belongs to it', () => {
    expect(calendar.tradingDateOf(wall('2019-10-27 19:25', INDIA))).toBe('2019-10-27');
    expect(calendar.tradingDateOf(wall('2019-10-26 10:00', INDIA))).toBeUndefined();
  });

  test.each([
    ['2023-01-26', 'Republic Day'],
    ['2019-04-29', 'Parliamentary elections'],
    ['2024-01-22', 'Special holiday'],
    ['2026-11-24', 'Guru Nanak Jayanti'],
  ])('%s has no session: %s', (date, reason) => {
    expect(calendar.sessionOf(date)).toBeUndefined();
    expect(calendar.reasonOf(date)).toBe(reason);
  });

  test('hours of earlier years', () => {
    expect(calendar.sessionOf('2009-12-31')?.open).toBe(wall('2009-12-31 09:55', INDIA));
    expect(calendar.sessionOf('2010-01-04')?.open).toBe(wall('2010-01-04 09:00', INDIA));
    expect(calendar.sessionOf('2010-10-18')?.open).toBe(wall('2010-10-18 09:15', INDIA));
  });

  test('years without complete data are unknown', () => {
    const known = [2010, 2016, 2017, 2025, 2026].map((year) => calendar.knows(`${year}-01-01`));
    expect(known).toEqual([false, false, true, true, false]);
    expect(calendar.sessionOf('2010-12-23')?.certainty).toBe('unknown');
  });

  test('BSE keeps the same sessions', () => {
    expect(calendarOf('bse').sessionsBetween('2017-01-01', '2026-12-31')).toEqual(
      calendar
        .sessionsBetween('2017-01-01', '2026-12-31')
        .map((session) => ({ ...session, exchange: 'bse' })),
    );
  });
});

describe('MCX', () => {
  const mcx = calendarOf('mcx');

  test('closes at 23:30, and at 23:55 while New York is on winter time', () => {
    const closes = ['2023-03-10', '2023-03-13', '2023-11-03', '2023-11-06'].map(
      (date) => mcx.sessionOf(date)?.close,
    );
    expect(closes).toEqual([
      wall('2023-03-10 23:55', INDIA),
      wall('2023-03-13 23:30', INDIA),
      wall('2023-11-03 23:30', INDIA),
      wall('2023-11-06 23:55', INDIA),
    ]);
  });

  test('opens at 09:00 since 2018-12-31, at 10:00 before', () => {
    expect(mcx.sessionOf('2018-12-28')?.open).toBe(wall('2018-12-28 10:00', INDIA));
    expect(mcx.sessionOf('2018-12-31')?.open).toBe(wall('2018-12-31 09:00', INDIA));
  });

  test('holds the evening session on most holidays', () => {
    expect(mcx.sessionOf('2023-04-14')).toMatchObject({
      open: wall('2023-04-14 17:00', INDIA),
      close: wall('2023-04-14 23:30', INDIA),
      kind: 'half',
    });
    expect(mcx.sessionOf('2023-11-14')?.close).toBe(wall('2023-11-14 23:55', INDIA));
    expect(mcx.isSession('2023-01-26')).toBe(false);
    expect(mcx.sessionOf('2023-11-12')).toMatchObject({
      kind: 'special',
      open: wall('2023-11-12 18:15', INDIA),
    });
    expect(
      mcx.sessionsBetween('2023-01-01', '2024-01-01').filter((s) => s.kind === 'half'),
    ).toHaveLength(10);
  });

  test('holds the morning session alone on the first of January 2019', () => {
    expect(mcx.sessionOf('2019-01-01')).toMatchObject({
      open: wall('2019-01-01 09:00', INDIA),
      close: wall('2019-01-01 17:00', INDIA),
      certainty: 'unknown',
    });
  });
});
