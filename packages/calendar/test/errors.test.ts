import { expect, test } from '@jest/globals';
import { CalendarError, calendarErrors, calendarOf, isCalendarError } from '@tb/calendar';

test('an error carries the action of its code as hint, unless one is given', () => {
  const error = new CalendarError('NO_SESSION', 'none');
  expect(error).toMatchObject({ hint: calendarErrors.NO_SESSION.action, retryable: false });
  expect(new CalendarError('NO_SESSION', 'none', { hint: 'wait', retryable: true })).toMatchObject({
    hint: 'wait',
    retryable: true,
  });
});

test('an error is recognised by name and code, also from another copy of the package', () => {
  let thrown: unknown;
  try {
    calendarOf('xtks');
  } catch (error) {
    thrown = error;
  }
  expect(isCalendarError(thrown)).toBe(true);
  expect(isCalendarError(thrown, 'CALENDAR_MISSING')).toBe(true);
  expect(isCalendarError(thrown, 'NO_SESSION')).toBe(false);
  expect(isCalendarError({ name: 'CalendarError', code: 'NO_SESSION' }, 'NO_SESSION')).toBe(true);
  for (const other of [null, undefined, 'CalendarError', new Error('x')])
    expect(isCalendarError(other)).toBe(false);
});
