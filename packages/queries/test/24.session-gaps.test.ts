import { expect, test } from '@jest/globals';
import { calendarOf, type SessionCalendar } from '@tb/calendar';
import { sessionGaps } from '../src/gap.ts';

test('what one list of dates was found to lack is not taken for another range, extent or calendar', () => {
  const dates = ['2024-03-04', '2024-03-06']; // one list, as the reader gives one range until something is published
  const nse = calendarOf('nse');
  const week = nse.sessionsBetween('2024-03-04', '2024-03-12');
  const span = { from: week[0]!.windowFrom, to: week.at(-1)!.windowTo };
  const found = (calendar: SessionCalendar, to: bigint, last: string) =>
    sessionGaps(calendar, { from: span.from, to }, { first: '2024-03-04', last }, dates).gaps.map(
      (gap) => gap.tradingDate,
    );
  const ask = [
    () => expect(found(nse, span.to, '2024-03-06')).toEqual(['2024-03-05']),
    () => expect(found(nse, span.to, '2024-03-07')).toEqual(['2024-03-05', '2024-03-07']),
    () => expect(found(nse, week[0]!.windowTo, '2024-03-07')).toEqual([]),
    // 2024-03-08 is a holiday of NSE, and none of crypto exchanges.
    () => expect(found(nse, span.to, '2024-03-08')).toEqual(['2024-03-05', '2024-03-07']),
    () =>
      expect(found(calendarOf('binance'), span.to, '2024-03-08')).toEqual([
        '2024-03-05',
        '2024-03-07',
        '2024-03-08',
      ]),
  ];
  for (const each of [...ask, ...ask.reverse(), ...ask]) each();
});
