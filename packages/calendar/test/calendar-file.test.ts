import { describe, expect, test } from '@jest/globals';
import { calendarOf, isCalendarError, parseCalendarFile } from '@tb/calendar';
import { INDIA, utc, wall } from './clock.ts';

function parsed(file: unknown) {
  return parseCalendarFile(JSON.stringify(file));
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (isCalendarError(error, 'CALENDAR_FILE_INVALID')) return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a file for a built-in exchange', () => {
  const file = {
    holidays: { '2027-01-26': 'Republic Day' },
    specialSessions: { '2026-11-08': { open: '18:00', close: '19:00', name: 'Muhurat' } },
    halfDays: { '2027-03-01': { open: '09:15', close: '12:00' } },
    knownYears: [2026],
  };
  const calendar = calendarOf('nse', parsed(file));

  test('adds holidays, half days and sessions, and keeps what is built in', () => {
    expect(calendar.isSession('2027-01-26')).toBe(false);
    expect(calendar.reasonOf('2027-01-26')).toBe('Republic Day');
    expect(calendar.sessionOf('2026-11-08')).toMatchObject({
      kind: 'special',
      open: wall('2026-11-08 18:00', INDIA),
      certainty: 'known',
    });
    expect(calendar.sessionOf('2027-03-01')).toMatchObject({
      kind: 'half',
      close: wall('2027-03-01 12:00', INDIA),
    });
    expect(calendar.isSession('2019-03-04')).toBe(false);
    expect([
      calendar.knows('2026-01-01'),
      calendar.knows('2027-01-01'),
      calendar.knows('2019-01-01'),
    ]).toEqual([true, false, true]);
  });

  test('replaces a built-in holiday by a session', () => {
    const open = calendarOf(
      'nse',
      parsed({ specialSessions: { '2019-03-04': { open: '10:00', close: '11:00' } } }),
    );
    expect(open.sessionOf('2019-03-04')?.open).toBe(wall('2019-03-04 10:00', INDIA));
    expect(calendarOf('nse').isSession('2019-03-04')).toBe(false);
  });

  test('may widen the window', () => {
    const wide = calendarOf('xnas', parsed({ window: { open: '00:00', close: '24:00' } }));
    expect(wide.tradingDateOf(utc('2024-06-05T04:00:00Z'))).toBe('2024-06-05');
    expect(calendarOf('xnas').tradingDateOf(utc('2024-06-05T04:00:00Z'))).toBeUndefined();
  });

  test('an empty file changes nothing, and a byte order mark is allowed', () => {
    expect(
      calendarOf('xnas', parseCalendarFile('\uFEFF{}')).sessionsBetween('2012-10-25', '2012-11-05'),
    ).toEqual(calendarOf('xnas').sessionsBetween('2012-10-25', '2012-11-05'));
  });
});

describe('a file for an exchange of the user', () => {
  const night = { open: '18:00', openDay: -1, close: '17:00' };
  const globex = calendarOf(
    'xcme',
    parsed({
      timeZone: 'America/New_York',
      window: { open: '17:30', openDay: -1, close: '17:30' },
      week: { mon: night, tue: night, wed: night, thu: night, fri: night },
      holidays: { '2024-03-29': 'Good Friday' },
      knownYears: [2024],
    }),
  );

  test('a session may open the evening before, on a Sunday, while the clock changes', () => {
    expect(globex.sessionOf('2024-03-11')).toMatchObject({
      open: utc('2024-03-10T22:00:00Z'), // 18:00, daylight saving time since that morning
      close: utc('2024-03-11T21:00:00Z'),
      windowFrom: utc('2024-03-10T21:30:00Z'),
    });
    expect(globex.sessionOf('2024-03-08')?.open).toBe(utc('2024-03-07T23:00:00Z'));
    expect(globex.tradingDateOf(utc('2024-03-10T23:00:00Z'))).toBe('2024-03-11');
    expect(globex.localDateOf(utc('2024-03-10T23:00:00Z'))).toBe('2024-03-10');
    expect(globex.expectedCandles('2024-03-11', '1h')).toHaveLength(23);
  });

  test('the evening before a holiday belongs to no date', () => {
    expect(globex.tradingDateOf(utc('2024-03-28T23:00:00Z'))).toBeUndefined();
    expect(globex.tradingDateOf(utc('2024-03-28T21:00:00Z'))).toBe('2024-03-28');
  });

  test('hours of a session that crosses a clock change are counted in real time', () => {
    const saturday = { open: '18:00', openDay: -1, close: '17:00' };
    const calendar = calendarOf(
      'weekend',
      parsed({
        timeZone: 'America/New_York',
        window: { open: '17:30', openDay: -1, close: '17:30' },
        week: { sun: saturday },
      }),
    );
    expect(calendar.expectedCandles('2024-03-10', '1h')).toHaveLength(22);
    expect(calendar.expectedCandles('2024-11-03', '1h')).toHaveLength(24);
  });

  test('a date that the clock of the exchange left out has no session', () => {
    const day = { open: '09:00', close: '17:00' };
    const apia = calendarOf(
      'apia',
      parsed({ timeZone: 'Pacific/Apia', week: { thu: day, fri: day, sat: day } }),
    );
    expect(apia.sessionsBetween('2011-12-29', '2012-01-01').map((s) => s.tradingDate)).toEqual([
      '2011-12-29',
      '2011-12-31',
    ]);
  });

  test('a lunch break is not expected', () => {
    const hours = { open: '09:00', close: '15:30', breaks: [{ open: '11:30', close: '12:30' }] };
    const tokyo = calendarOf('xtks', parsed({ timeZone: 'Asia/Tokyo', week: { wed: hours } }));
    expect(tokyo.expectedCandles('2024-06-05', '1m')).toHaveLength(330);
    expect(tokyo.sessionOf('2024-06-05')).toMatchObject({
      breaks: [{ from: utc('2024-06-05T02:30:00Z'), to: utc('2024-06-05T03:30:00Z') }],
      certainty: 'unknown',
    });
  });

  test('like takes the rules of a built-in calendar', () => {
    const calendar = calendarOf('mydex', parsed({ like: '24x7' }));
    expect(calendar.exchange).toBe('mydex');
    expect(calendar.sessionOf('2024-12-25')).toMatchObject({
      exchange: 'mydex',
      certainty: 'known',
    });
  });

  test('knownYears may be all', () => {
    const day = { open: '00:00', close: '24:00' };
    const calendar = calendarOf(
      'fx',
      parsed({ timeZone: 'UTC', week: { mon: day }, knownYears: 'all' }),
    );
    expect(calendar.knows('1999-01-01')).toBe(true);
  });
});

describe('a bad file names the entry', () => {
  const day = { open: '09:00', close: '17:00' };
  test.each<[unknown, RegExp]>([
    [[], /entry file is not an object/],
    [{ holiday: {} }, /file\.holiday is not known/],
    [{ holidays: { '2026-02-30': 'x' } }, /holidays\.2026-02-30 is not a real day/],
    [{ holidays: ['2026-02-03'] }, /holidays is not an object/],
    [{ holidays: { '2026-02-03': 1 } }, /holidays\.2026-02-03 is not a text/],
    [
      { holidays: { '2026-02-03': 'x' }, halfDays: { '2026-02-03': day } },
      /halfDays\.2026-02-03 stands in another list/,
    ],
    [
      { halfDays: { '2026-02-03': { open: '9:00', close: '12:00' } } },
      /halfDays\.2026-02-03\.open is not HH:MM/,
    ],
    [
      { halfDays: { '2026-02-03': { open: '09:00:30', close: '12:00' } } },
      /halfDays\.2026-02-03\.open is not HH:MM/,
    ],
    [
      { halfDays: { '2026-02-03': { open: '09:00' } } },
      /halfDays\.2026-02-03\.close is not a text/,
    ],
    [{ halfDays: { '2026-02-03': { open: '12:00', close: '12:00' } } }, /closes before it opens/],
    [{ halfDays: { '2026-02-03': { ...day, closeDay: 1 } } }, /outside the window/],
    [{ halfDays: { '2026-02-03': { ...day, closeDay: 2 } } }, /closeDay is not -1, 0 or 1/],
    [
      { halfDays: { '2026-02-03': { ...day, breaks: [{ open: '08:00', close: '09:30' }] } } },
      /breaks\.0 does not lie inside/,
    ],
    [
      { halfDays: { '2026-02-03': { ...day, breaks: [{ open: '09:00', close: '09:30' }] } } },
      /breaks\.0 does not lie inside/,
    ],
    [
      { halfDays: { '2026-02-03': { ...day, breaks: [{ open: '16:00', close: '17:00' }] } } },
      /breaks\.0 does not lie inside/,
    ],
    [{ halfDays: { '2026-02-03': { ...day, openDay: -1 } } }, /outside the window/],
    [{ window: { open: '10:00', close: '24:00' } }, /window is narrower/],
    [{ window: { open: '00:00', close: '16:00' } }, /window is narrower/],
    [{ halfDays: { '2026-02-03': { ...day, breaks: {} } } }, /breaks is not a list/],
    [
      { halfDays: { '2026-02-03': { ...day, note: 'x' } } },
      /halfDays\.2026-02-03\.note is not known/,
    ],
    [{ week: { monday: day } }, /week\.monday is not one of/],
    [{ week: {} }, /week has no session/],
    [{ timeZone: 'Asia/Atlantis' }, /timeZone is not a name/],
    [{ window: { open: '00:00', close: '00:01', closeDay: 1 } }, /wider than a day/],
    [{ window: { open: '10:00', close: '12:00' } }, /window is narrower/],
    [{ knownYears: [2026.5] }, /knownYears is not a list of years/],
    [{ like: '24x7' }, /like is for an exchange that is not built in/],
  ])('%j', (file, message) => {
    expect(messageOf(() => calendarOf('nse', parsed(file)))).toMatch(message);
  });

  test('text that is not JSON', () => {
    expect(messageOf(() => parseCalendarFile('{"holidays": '))).toMatch(/file is not JSON/);
  });

  test('a new exchange needs a time zone and a week', () => {
    expect(messageOf(() => calendarOf('xtks', parsed({ timeZone: 'Asia/Tokyo' })))).toMatch(
      /timeZone and week/,
    );
    expect(messageOf(() => calendarOf('xtks', parsed({ week: { mon: day } })))).toMatch(
      /timeZone and week/,
    );
    expect(messageOf(() => calendarOf('xtks', parsed({ like: 'nowhere' })))).toMatch(
      /like is not one of/,
    );
  });
});

describe('an exchange without a calendar', () => {
  test.each([[undefined], [{}], [{ holidays: { '2026-02-03': 'x' } }]])(
    'is refused with a way out: %j',
    (overrides) => {
      for (const name of ['xtks', '', 'NSE', '__proto__', 'constructor'])
        expect(() => calendarOf(name, overrides)).toThrow(
          expect.objectContaining({
            code: 'CALENDAR_MISSING',
            hint: expect.stringContaining(`calendars/${name}.json`),
          }),
        );
    },
  );
});
