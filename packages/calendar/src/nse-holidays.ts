import type { DayRule, MinuteRange, SessionMinutes } from './exchange-rules.ts';

/**
 * Days on which NSE and BSE equities depart from the weekly pattern.
 * Source: the yearly circulars "Trading holidays for the calendar year" of NSE (Capital Market segment) and the notices
 * of BSE, with the later circulars on elections, moved festivals, budget days, Muhurat hours and disaster-recovery
 * sessions; 2019 agrees with the days present in a year of real candles. Holidays on a weekend are left out.
 */

/**
 * Years for which the list is complete. 2026 is not: its holidays are listed as announced, but the hours of its Muhurat
 * session (2026-11-08) are not. Add them, and `knownYears`, in the data root.
 */
export const NSE_KNOWN_YEARS: readonly number[] = [
  2017, 2018, 2019, 2020, 2021, 2022, 2023, 2024, 2025,
];

/** Per year, `MM-DD name` after `MM-DD name`. */
const HOLIDAYS: Readonly<Record<number, readonly string[]>> = {
  2017: [
    '01-26 Republic Day, 02-24 Mahashivratri, 03-13 Holi, 04-04 Ram Navami, 04-14 Ambedkar Jayanti',
    '05-01 Maharashtra Day, 06-26 Id-ul-Fitr, 08-15 Independence Day, 08-25 Ganesh Chaturthi',
    '10-02 Gandhi Jayanti, 10-20 Diwali Balipratipada, 12-25 Christmas',
  ],
  2018: [
    '01-26 Republic Day, 02-13 Mahashivratri, 03-02 Holi, 03-29 Mahavir Jayanti, 03-30 Good Friday',
    '05-01 Maharashtra Day, 08-15 Independence Day, 08-22 Bakri Id, 09-13 Ganesh Chaturthi, 09-20 Muharram',
    '10-02 Gandhi Jayanti, 10-18 Dussehra, 11-08 Diwali Balipratipada, 11-23 Guru Nanak Jayanti, 12-25 Christmas',
  ],
  2019: [
    '03-04 Mahashivratri, 03-21 Holi, 04-17 Mahavir Jayanti, 04-19 Good Friday, 04-29 Parliamentary elections',
    '05-01 Maharashtra Day, 06-05 Id-ul-Fitr, 08-12 Bakri Id, 08-15 Independence Day, 09-02 Ganesh Chaturthi',
    '09-10 Muharram, 10-02 Gandhi Jayanti, 10-08 Dussehra, 10-21 Assembly elections',
    '10-28 Diwali Balipratipada, 11-12 Guru Nanak Jayanti, 12-25 Christmas',
  ],
  2020: [
    '02-21 Mahashivratri, 03-10 Holi, 04-02 Ram Navami, 04-06 Mahavir Jayanti, 04-10 Good Friday',
    '04-14 Ambedkar Jayanti, 05-01 Maharashtra Day, 05-25 Id-ul-Fitr, 10-02 Gandhi Jayanti',
    '11-16 Diwali Balipratipada, 11-30 Guru Nanak Jayanti, 12-25 Christmas',
  ],
  2021: [
    '01-26 Republic Day, 03-11 Mahashivratri, 03-29 Holi, 04-02 Good Friday, 04-14 Ambedkar Jayanti',
    '04-21 Ram Navami, 05-13 Id-ul-Fitr, 07-21 Bakri Id, 08-19 Muharram, 09-10 Ganesh Chaturthi',
    '10-15 Dussehra, 11-05 Diwali Balipratipada, 11-19 Guru Nanak Jayanti',
  ],
  2022: [
    '01-26 Republic Day, 03-01 Mahashivratri, 03-18 Holi, 04-14 Ambedkar Jayanti, 04-15 Good Friday',
    '05-03 Id-ul-Fitr, 08-09 Muharram, 08-15 Independence Day, 08-31 Ganesh Chaturthi, 10-05 Dussehra',
    '10-26 Diwali Balipratipada, 11-08 Guru Nanak Jayanti',
  ],
  2023: [
    '01-26 Republic Day, 03-07 Holi, 03-30 Ram Navami, 04-04 Mahavir Jayanti, 04-07 Good Friday',
    '04-14 Ambedkar Jayanti, 05-01 Maharashtra Day, 06-29 Bakri Id, 08-15 Independence Day',
    '09-19 Ganesh Chaturthi, 10-02 Gandhi Jayanti, 10-24 Dussehra, 11-14 Diwali Balipratipada',
    '11-27 Guru Nanak Jayanti, 12-25 Christmas',
  ],
  2024: [
    '01-22 Special holiday, 01-26 Republic Day, 03-08 Mahashivratri, 03-25 Holi, 03-29 Good Friday',
    '04-11 Id-ul-Fitr, 04-17 Ram Navami, 05-01 Maharashtra Day, 05-20 Parliamentary elections, 06-17 Bakri Id',
    '07-17 Muharram, 08-15 Independence Day, 10-02 Gandhi Jayanti, 11-15 Guru Nanak Jayanti',
    '11-20 Assembly elections, 12-25 Christmas',
  ],
  2025: [
    '02-26 Mahashivratri, 03-14 Holi, 03-31 Id-ul-Fitr, 04-10 Mahavir Jayanti, 04-14 Ambedkar Jayanti',
    '04-18 Good Friday, 05-01 Maharashtra Day, 08-15 Independence Day, 08-27 Ganesh Chaturthi',
    '10-02 Gandhi Jayanti, 10-22 Diwali Balipratipada, 11-05 Guru Nanak Jayanti, 12-25 Christmas',
  ],
  2026: [
    '01-15 Municipal elections, 01-26 Republic Day, 03-03 Holi, 03-26 Ram Navami, 03-31 Mahavir Jayanti',
    '04-03 Good Friday, 04-14 Ambedkar Jayanti, 05-01 Maharashtra Day, 05-28 Bakri Id, 06-26 Muharram',
    '09-14 Ganesh Chaturthi, 10-02 Gandhi Jayanti, 10-20 Dussehra, 11-10 Diwali Balipratipada',
    '11-24 Guru Nanak Jayanti, 12-25 Christmas',
  ],
};

const at = (hour: number, minute: number): number => hour * 60 + minute;
const FULL_DAY: MinuteRange = { from: at(9, 15), to: at(15, 30) };

/** Sessions of their own: Muhurat, budget days on a weekend, moves to the disaster-recovery site with a pause between. */
const SPECIAL: readonly (readonly [date: string, name: string, hours: SessionMinutes])[] = [
  ['2017-10-19', 'Muhurat', { from: at(18, 30), to: at(19, 30) }],
  ['2018-11-07', 'Muhurat', { from: at(17, 30), to: at(18, 30) }],
  ['2019-10-27', 'Muhurat', { from: at(18, 15), to: at(19, 15) }],
  ['2020-02-01', 'Union Budget', FULL_DAY],
  ['2020-11-14', 'Muhurat', { from: at(18, 15), to: at(19, 15) }],
  ['2021-11-04', 'Muhurat', { from: at(18, 15), to: at(19, 15) }],
  ['2022-10-24', 'Muhurat', { from: at(18, 15), to: at(19, 15) }],
  ['2023-11-12', 'Muhurat', { from: at(18, 15), to: at(19, 15) }],
  ['2024-01-20', 'Full session on a Saturday', FULL_DAY],
  ['2024-03-02', 'Disaster recovery', twoParts(at(10, 0), at(11, 30), at(12, 30))],
  ['2024-05-18', 'Disaster recovery', twoParts(at(10, 0), at(11, 45), at(12, 40))],
  ['2024-11-01', 'Muhurat', { from: at(18, 0), to: at(19, 0) }],
  ['2025-02-01', 'Union Budget', FULL_DAY],
  ['2025-10-21', 'Muhurat', { from: at(13, 45), to: at(14, 45) }],
  ['2026-02-01', 'Union Budget', FULL_DAY],
];

/** From 09:15, with a pause. */
function twoParts(pauseFrom: number, pauseTo: number, close: number): SessionMinutes {
  return { from: at(9, 15), to: close, breaks: [{ from: pauseFrom, to: pauseTo }] };
}

export const nseDays: ReadonlyMap<string, DayRule> = new Map<string, DayRule>([
  ...Object.entries(HOLIDAYS).flatMap(([year, lines]) =>
    lines.flatMap((line) => line.split(', ')).map((day) => holiday(year, day)),
  ),
  ...SPECIAL.map(([date, name, hours]): [string, DayRule] => [
    date,
    { kind: 'special', name, hours },
  ]),
]);

/** @param day `MM-DD name`. */
function holiday(year: string, day: string): [string, DayRule] {
  return [`${year}-${day.slice(0, 5)}`, { kind: 'holiday', name: day.slice(6) }];
}
