import { describe, expect, test } from '@jest/globals';
import { calendarOf } from '@tb/calendar';
import { datesOf, isWeekend, NEW_YORK, wall } from './clock.ts';

const calendar = calendarOf('xnys');

/** As NYSE published them, year by year; `early` has the late opening of 2002-09-11 too. */
const PUBLISHED: Readonly<Record<number, { closed: string; early: string }>> = {
  1998: {
    closed: '01-01 01-19 02-16 04-10 05-25 07-03 09-07 11-26 12-25',
    early: '11-27 12-24',
  },
  1999: {
    closed: '01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24',
    early: '11-26',
  },
  2001: {
    closed: '01-01 01-15 02-19 04-13 05-28 07-04 09-03 09-11 09-12 09-13 09-14 11-22 12-25',
    early: '07-03 11-23 12-24',
  },
  2002: {
    closed: '01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25',
    early: '07-05 09-11 11-29 12-24',
  },
  2003: {
    closed: '01-01 01-20 02-17 04-18 05-26 07-04 09-01 11-27 12-25',
    early: '07-03 11-28 12-24 12-26',
  },
  2004: { closed: '01-01 01-19 02-16 04-09 05-31 06-11 07-05 09-06 11-25 12-24', early: '11-26' },
  2007: {
    closed: '01-01 01-02 01-15 02-19 04-06 05-28 07-04 09-03 11-22 12-25',
    early: '07-03 11-23 12-24',
  },
  2011: { closed: '01-17 02-21 04-22 05-30 07-04 09-05 11-24 12-26', early: '11-25' },
  2012: {
    closed: '01-02 01-16 02-20 04-06 05-28 07-04 09-03 10-29 10-30 11-22 12-25',
    early: '07-03 11-23 12-24',
  },
  2013: {
    closed: '01-01 01-21 02-18 03-29 05-27 07-04 09-02 11-28 12-25',
    early: '07-03 11-29 12-24',
  },
  2018: {
    closed: '01-01 01-15 02-19 03-30 05-28 07-04 09-03 11-22 12-05 12-25',
    early: '07-03 11-23 12-24',
  },
  2021: { closed: '01-01 01-18 02-15 04-02 05-31 07-05 09-06 11-25 12-24', early: '11-26' },
  2022: { closed: '01-17 02-21 04-15 05-30 06-20 07-04 09-05 11-24 12-26', early: '11-25' },
  2024: {
    closed: '01-01 01-15 02-19 03-29 05-27 06-19 07-04 09-02 11-28 12-25',
    early: '07-03 11-29 12-24',
  },
  2025: {
    closed: '01-01 01-09 01-20 02-17 04-18 05-26 06-19 07-04 09-01 11-27 12-25',
    early: '07-03 11-28 12-24',
  },
  2026: {
    closed: '01-01 01-19 02-16 04-03 05-25 06-19 07-03 09-07 11-26 12-25',
    early: '11-27 12-24',
  },
  2027: { closed: '01-01 01-18 02-15 03-26 05-31 06-18 07-05 09-06 11-25 12-24', early: '11-26' },
};

describe('US stock exchanges', () => {
  test.each(Object.keys(PUBLISHED).map(Number))(
    '%d has the holidays and early closes published for it',
    (year) => {
      const closed: string[] = [];
      const early: string[] = [];
      for (const date of datesOf(year)) {
        const session = calendar.sessionOf(date);
        if (!session && !isWeekend(date)) closed.push(date.slice(5));
        if (session && isWeekend(date)) throw new Error(`session on weekend ${date}`);
        if (session?.kind === 'half') early.push(date.slice(5));
        if (session) expect(session.certainty).toBe('known');
      }
      expect(closed.join(' ')).toBe(PUBLISHED[year]?.closed);
      expect(early.join(' ')).toBe(PUBLISHED[year]?.early);
    },
  );

  test('an early close is at 13:00, and 2002-09-11 opened at noon', () => {
    expect(calendar.sessionOf('2015-12-24')?.close).toBe(wall('2015-12-24 13:00', NEW_YORK));
    expect(calendar.sessionOf('2002-09-11')).toMatchObject({
      open: wall('2002-09-11 12:00', NEW_YORK),
      close: wall('2002-09-11 16:00', NEW_YORK),
      kind: 'half',
    });
  });

  test('the open moves in UTC with daylight saving time, in the year in which its dates moved too', () => {
    const opens = ['2007-03-09', '2007-03-12', '2007-11-02', '2007-11-05'].map((date) =>
      new Date(Number((calendar.sessionOf(date)?.open ?? 0n) / 1_000_000n))
        .toISOString()
        .slice(11, 16),
    );
    expect(opens).toEqual(['14:30', '13:30', '13:30', '14:30']);
  });

  test('years outside 1998 to 2030 are unknown, and follow the weekly pattern', () => {
    expect([1997, 1998, 2030, 2031].map((year) => calendar.knows(`${year}-06-01`))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(calendar.sessionOf('2031-12-25')).toMatchObject({
      kind: 'regular',
      certainty: 'unknown',
    });
  });

  test('gives the reason of a closed day', () => {
    expect(calendar.reasonOf('2012-10-29')).toBe('Hurricane Sandy');
    expect(calendar.reasonOf('2024-03-29')).toBe('Good Friday');
    expect(calendar.reasonOf('2024-03-28')).toBeUndefined();
  });

  test.each(['xnas', 'arcx', 'bats', 'iexg'])('%s keeps the same days', (name) => {
    const other = calendarOf(name);
    expect(other.sessionsBetween('2012-10-01', '2013-01-01')).toEqual(
      calendar
        .sessionsBetween('2012-10-01', '2013-01-01')
        .map((session) => ({ ...session, exchange: name })),
    );
  });
});
