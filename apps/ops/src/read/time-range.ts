import type { SessionCalendar } from '@tb/calendar';
import { OpsError } from '../errors.ts';
import { timeParser } from '../input/time-parser.ts';

/**
 * A time of the command line, ns UTC: ISO with a zone or with `--tz`; or a bare date, which means the beginning of that
 * trading date (of the next session, when the exchange is closed on it).
 *
 * @param option Names the option in the message.
 * @throws `BAD_OPTION`, `TIME_ZONE_MISSING`
 */
export function timeOption(
  option: string,
  text: string,
  timeZone: string | undefined,
  calendar: SessionCalendar,
): bigint {
  const time = timeParser('iso', timeZone)(text);
  if (typeof time === 'bigint') return time;
  if (time === undefined)
    throw new OpsError('BAD_OPTION', `${option} ${JSON.stringify(text)} is not a time`, {
      hint: 'Use a trading date, e.g. 2026-02-02, or ISO 8601 with a zone, e.g. 2026-02-02T03:45:00Z.',
    });
  const session = calendar.sessionOf(time.date) ?? calendar.nextSession(time.date);
  return session.windowFrom;
}

/** @param flags The texts of the times, for the message. @throws `BAD_OPTION` when the half-open range is empty */
export function assertRange(
  from: bigint,
  to: bigint,
  flags: { readonly from?: string; readonly to?: string },
): void {
  if (from < to) return;
  throw new OpsError(
    'BAD_OPTION',
    `--from ${flags.from} does not lie before --to ${flags.to}`,
    from === to ? { hint: '--to is not included: for one trading date give the next one.' } : {},
  );
}
