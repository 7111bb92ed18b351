import { describe, expect, test } from '@jest/globals';
import { calendarOf, isCalendarError } from '@tb/calendar';
import fc from 'fast-check';
import { INDIA, NEW_YORK, utc, wall } from './clock.ts';

const EXCHANGES = ['nse', 'bse', 'mcx', 'xnas', 'xnys', 'binance', '24x7'];
const MINUTE = 60_000_000_000n;
const exchange = fc.constantFrom(...EXCHANGES);
const date = fc
  .integer({ min: Date.UTC(1990, 0, 1) / 86_400_000, max: Date.UTC(2040, 0, 1) / 86_400_000 })
  .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
const timeframe = fc.constantFrom(
  '1m',
  '3m',
  '5m',
  '7m',
  '15m',
  '60m',
  '1h',
  '4h',
  '1440m',
  '24h',
  '1d',
);

describe('windows', () => {
  test.each(['09:07', '15:30', '15:31', '15:40', '15:45', '16:00', '16:07'])(
    'an NSE candle at %s belongs to its date though the session is 09:15 to 15:30',
    (time) => {
      expect(calendarOf('nse').tradingDateOf(wall(`2019-06-03 ${time}`, INDIA))).toBe('2019-06-03');
    },
  );

  test('US pre-market and after-hours belong to their date, the night to none', () => {
    const calendar = calendarOf('xnas');
    for (const time of ['04:00', '09:30', '16:00', '19:59', '20:00'])
      expect(calendar.tradingDateOf(wall(`2013-10-07 ${time}`, NEW_YORK))).toBe('2013-10-07');
    for (const time of ['03:29', '20:30', '23:59'])
      expect(calendar.tradingDateOf(wall(`2013-10-07 ${time}`, NEW_YORK))).toBeUndefined();
  });

  test('MCX in the evening is already the next UTC date in New York winter, but one trading date', () => {
    const calendar = calendarOf('mcx');
    expect(calendar.tradingDateOf(wall('2023-01-05 23:54', INDIA))).toBe('2023-01-05');
    expect(calendar.tradingDateOf(wall('2023-01-07 00:00:01', INDIA))).toBeUndefined(); // Saturday
    expect(calendar.localDateOf(wall('2023-01-07 00:00:01', INDIA))).toBe('2023-01-07');
  });

  test('a crypto session is the UTC day', () => {
    expect(calendarOf('binance').sessionOf('2024-02-29')).toMatchObject({
      exchange: 'binance',
      open: utc('2024-02-29T00:00:00Z'),
      close: utc('2024-03-01T00:00:00Z'),
      certainty: 'known',
    });
  });

  test('windows of consecutive sessions are disjoint and hold their session and its breaks', () => {
    fc.assert(
      fc.property(exchange, date, (name, from) => {
        const calendar = calendarOf(name);
        const first = calendar.nextSession(from);
        const second = calendar.nextSession(first.tradingDate);
        expect(first.windowTo <= second.windowFrom).toBe(true);
        expect(first.windowFrom <= first.open && first.open < first.close).toBe(true);
        expect(first.close <= first.windowTo).toBe(true);
        for (const pause of first.breaks)
          expect(first.open < pause.from && pause.from < pause.to && pause.to < first.close).toBe(
            true,
          );
      }),
    );
  });

  test('every time of a window has the trading date of that window, the ns outside has not', () => {
    fc.assert(
      fc.property(
        exchange,
        date,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (name, from, share) => {
          const calendar = calendarOf(name);
          const { tradingDate, windowFrom, windowTo } = calendar.nextSession(from);
          const inside = windowFrom + BigInt(Math.floor(Number(windowTo - windowFrom) * share));
          expect(calendar.tradingDateOf(inside < windowTo ? inside : windowFrom)).toBe(tradingDate);
          expect(calendar.tradingDateOf(windowFrom)).toBe(tradingDate);
          expect(calendar.tradingDateOf(windowTo - 1n)).toBe(tradingDate);
          expect(calendar.tradingDateOf(windowTo)).not.toBe(tradingDate);
          expect(calendar.tradingDateOf(windowFrom - 1n)).not.toBe(tradingDate);
        },
      ),
    );
  });
});

describe('walking the sessions', () => {
  test('next and previous are inverse, and skip nothing', () => {
    fc.assert(
      fc.property(exchange, date, (name, from) => {
        const calendar = calendarOf(name);
        const next = calendar.nextSession(from);
        expect(next.tradingDate > from).toBe(true);
        const back = calendar.previousSession(next.tradingDate);
        expect(back.tradingDate <= from).toBe(true);
        expect(back.tradingDate === from).toBe(calendar.isSession(from));
        expect(calendar.nextSession(back.tradingDate)).toEqual(next);
        expect(calendar.sessionsBetween(from, next.tradingDate)).toEqual(
          calendar.isSession(from) ? [back] : [],
        );
      }),
    );
  });

  test('sessionsBetween is half-open and equals walking by nextSession', () => {
    const calendar = calendarOf('nse');
    const walked = [];
    for (
      let s = calendar.nextSession('2018-12-31');
      s.tradingDate < '2020-01-01';
      s = calendar.nextSession(s.tradingDate)
    )
      walked.push(s);
    expect(calendar.sessionsBetween('2019-01-01', '2020-01-01')).toEqual(walked);
    expect(calendar.sessionsBetween('2019-01-01', '2019-01-01')).toEqual([]);
    expect(calendar.sessionsBetween('2019-02-01', '2019-01-01')).toEqual([]);
  });

  test('sessionsOverlapping finds those whose window meets the range by a ns, and no other', () => {
    fc.assert(
      fc.property(exchange, date, fc.integer({ min: 0, max: 12 }), (name, from, days) => {
        const calendar = calendarOf(name);
        const first = calendar.nextSession(from);
        let last = first;
        for (let i = 0; i < days; i++) last = calendar.nextSession(last.tradingDate);
        const found = calendar.sessionsOverlapping(first.windowTo - 1n, last.windowFrom + 1n);
        if (first === last)
          expect(found.length).toBe(first.windowTo - 1n < first.windowFrom + 1n ? 1 : 0);
        else
          expect(found).toEqual([
            ...calendar.sessionsBetween(first.tradingDate, last.tradingDate),
            last,
          ]);
        expect(calendar.sessionsOverlapping(first.windowTo, first.windowTo)).toEqual([]);
      }),
    );
  });

  test('the whole int64 range is answered', () => {
    const calendar = calendarOf('xnys');
    expect(calendar.tradingDateOf(-(2n ** 63n))).toBeUndefined();
    expect(calendar.tradingDateOf(2n ** 63n - 1n)).toBeUndefined();
    expect(calendar.localDateOf(2n ** 63n - 1n)).toBe('2262-04-11');
    expect(calendar.localDateOf(-(2n ** 63n))).toBe('1677-09-20');
    expect(() => calendar.nextSession('2261-12-31')).toThrow(
      expect.objectContaining({ code: 'NO_SESSION' }),
    );
    expect(() => calendar.previousSession('1678-01-01')).toThrow(
      expect.objectContaining({ code: 'NO_SESSION' }),
    );
  });
});

describe('candles', () => {
  test.each([
    ['nse', '2019-06-03', '1m', 375],
    ['nse', '2019-06-03', '5m', 75],
    ['nse', '2019-06-03', '7m', 54], // 53 whole, one of 4 minutes
    ['nse', '2019-06-03', '1h', 7], // the last is 15:15 to 15:30
    ['nse', '2019-06-03', '1d', 1],
    ['nse', '2019-10-27', '1m', 60],
    ['nse', '2019-10-28', '1m', 0],
    ['nse', '2024-03-02', '1m', 45 + 60],
    ['xnas', '2015-12-23', '1m', 390],
    ['xnas', '2015-12-24', '1m', 210],
    ['xnas', '2015-12-25', '1d', 0],
    ['mcx', '2023-01-05', '1m', 895],
    ['mcx', '2023-06-05', '1m', 870],
    ['24x7', '2024-03-10', '1m', 1440],
  ])('%s %s has %s candles: %#', (name, day, width, count) => {
    expect(calendarOf(name).expectedCandles(day, width)).toHaveLength(count);
  });

  test('hours of NSE begin at a quarter past, and the last is short', () => {
    const starts = [...calendarOf('nse').expectedCandles('2019-06-03', '1h')];
    expect(starts[0]).toBe(wall('2019-06-03 09:15', INDIA));
    expect(starts.at(-1)).toBe(wall('2019-06-03 15:15', INDIA));
  });

  test('a candle that reaches out of a break is expected, one whole inside is not', () => {
    const starts = [...calendarOf('nse').expectedCandles('2024-03-02', '1h')];
    expect(starts).toEqual(
      ['09:15', '11:15', '12:15'].map((time) => wall(`2024-03-02 ${time}`, INDIA)),
    );
  });

  test.each([
    ['nse', '2019-06-03 15:40', INDIA, '1h', '2019-06-03 15:15'],
    ['nse', '2019-06-03 09:07', INDIA, '5m', '2019-06-03 09:05'],
    ['nse', '2019-06-03 09:14:59', INDIA, '1h', '2019-06-03 08:15'],
    ['nse', '2019-06-03 16:07', INDIA, '1d', '2019-06-03 09:15'],
    ['nse', '2019-06-03 00:05', INDIA, '1h', '2019-06-03 00:00'], // cut to the window
    ['xnas', '2008-03-10 04:00', NEW_YORK, '1h', '2008-03-10 03:30'],
    ['xnas', '2008-03-10 16:00:00', NEW_YORK, '1h', '2008-03-10 15:30'],
    ['xnas', '2008-03-10 09:29', NEW_YORK, '7m', '2008-03-10 09:23'],
  ])('%s: %s in %s lies in the %s candle of %s', (name, at, zone, width, start) => {
    expect(calendarOf(name).candleStart(wall(at, zone), width)).toBe(wall(start, zone));
  });

  test('the expected starts are what candleStart gives inside the session', () => {
    fc.assert(
      fc.property(exchange, date, timeframe, (name, from, width) => {
        const calendar = calendarOf(name);
        const session = calendar.nextSession(from);
        const starts = new Set<bigint>();
        for (let ts = session.open; ts < session.close; ts += MINUTE)
          if (!session.breaks.some((pause) => pause.from <= ts && ts < pause.to))
            starts.add(calendar.candleStart(ts, width));
        expect([...calendar.expectedCandles(session.tradingDate, width)]).toEqual([...starts]);
      }),
      { numRuns: 60 },
    );
  });

  test('a candle has the trading date of its ticks, is their start again, and no wider than its timeframe', () => {
    fc.assert(
      fc.property(
        exchange,
        date,
        timeframe,
        fc.bigInt({ min: 0n, max: 86_400_000_000_000n - 1n }),
        (name, from, width, offset) => {
          const calendar = calendarOf(name);
          const session = calendar.nextSession(from);
          const ts = session.windowFrom + (offset % (session.windowTo - session.windowFrom));
          const start = calendar.candleStart(ts, width);
          expect(calendar.tradingDateOf(start)).toBe(session.tradingDate);
          expect(calendar.candleStart(start, width)).toBe(start);
          if (width !== '1d') {
            expect(start <= ts).toBe(true);
            const widthNs = BigInt(parseInt(width, 10)) * (width.endsWith('h') ? 60n : 1n) * MINUTE;
            expect(ts - start < widthNs).toBe(true);
            if (start !== session.windowFrom) expect((start - session.open) % widthNs).toBe(0n);
          }
        },
      ),
    );
  });

  test('a time without a session has no candle', () => {
    expect(() => calendarOf('nse').candleStart(wall('2019-06-02 10:00', INDIA), '1m')).toThrow(
      expect.objectContaining({ code: 'NO_SESSION' }),
    );
  });

  test.each(['0m', '1441m', '25h', '2d', '1w', 'm', '', '1.5m', '01m', '-1m', '1M'])(
    'timeframe %j is refused',
    (text) => {
      const calendar = calendarOf('nse');
      expect(() => calendar.expectedCandles('2019-06-03', text)).toThrow(
        expect.objectContaining({ code: 'BAD_TIMEFRAME' }),
      );
      expect(() => calendar.candleStart(0n, text)).toThrow(
        expect.objectContaining({ code: 'BAD_TIMEFRAME' }),
      );
    },
  );
});

describe('bad dates', () => {
  test.each([
    '2019-02-29',
    '2019-13-01',
    '2019-1-1',
    '',
    '1677-12-31',
    '2262-01-01',
    '2019-06-03T00:00',
    '../..',
  ])('%j is refused by every verb that takes a trading date', (text) => {
    const calendar = calendarOf('nse');
    const verbs = [
      () => calendar.sessionOf(text),
      () => calendar.isSession(text),
      () => calendar.knows(text),
      () => calendar.reasonOf(text),
      () => calendar.previousSession(text),
      () => calendar.nextSession(text),
      () => calendar.sessionsBetween(text, '2020-01-01'),
      () => calendar.sessionsBetween('2020-01-01', text),
      () => calendar.expectedCandles(text, '1m'),
    ];
    for (const verb of verbs) {
      let thrown: unknown;
      try {
        verb();
      } catch (error) {
        thrown = error;
      }
      expect(isCalendarError(thrown, 'BAD_TRADING_DATE')).toBe(true);
    }
  });
});
