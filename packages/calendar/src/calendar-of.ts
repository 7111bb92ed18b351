import { BUILT_IN_EXCHANGES, builtInRules } from './built-in.ts';
import { CalendarError } from './errors.ts';
import type { ExchangeRules } from './exchange-rules.ts';
import { invalid, overriddenRules } from './overridden-rules.ts';
import type { CalendarOverrides } from './overrides.ts';
import { RuleCalendar } from './rule-calendar.ts';
import type { SessionCalendar } from './session-calendar.ts';

/**
 * Calendar of an exchange.
 *
 * @param exchange Lower case, e.g. `nse`, `xnas`, `binance`; or `24x7`.
 * @param overrides What `calendars/<exchange>.json` of the data root says, read by `parseCalendarFile`.
 * @throws `CALENDAR_MISSING` when the exchange is neither built in nor described by the overrides,
 *   `CALENDAR_FILE_INVALID` when an override breaks a rule
 */
export function calendarOf(exchange: string, overrides?: CalendarOverrides): SessionCalendar {
  const base = builtInRules(exchange) ?? likeRules(overrides?.like);
  if (overrides) {
    if (overrides.like !== undefined && builtInRules(exchange))
      throw invalid('like', `is for an exchange that is not built in; ${exchange} is`);
    if (base || overrides.timeZone !== undefined || overrides.week)
      return new RuleCalendar(exchange, overriddenRules(base, overrides));
  }
  if (!base)
    throw new CalendarError(
      'CALENDAR_MISSING',
      `Exchange ${JSON.stringify(exchange)} has no calendar; built in are ${BUILT_IN_EXCHANGES.join(' ')}`,
      {
        hint: `Write calendars/${exchange}.json in the data root: {"timeZone": "...", "week": {...}}, or {"like": "24x7"}.`,
      },
    );
  return new RuleCalendar(exchange, base);
}

function likeRules(like: string | undefined): ExchangeRules | undefined {
  if (like === undefined) return undefined;
  const rules = builtInRules(like);
  if (!rules) throw invalid('like', `is not one of ${BUILT_IN_EXCHANGES.join(' ')}`);
  return rules;
}
