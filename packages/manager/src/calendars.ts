import { readFileSync } from 'node:fs';
import { calendarOf, parseCalendarFile, type SessionCalendar } from '@tb/calendar';
import type { Layout } from '@tb/schema';

/** The calendars of a data root: what is built in, with what `calendars/<exchange>.json` adds. Read once each. */
export class Calendars {
  readonly #layout: Layout;
  readonly #calendars = new Map<string, SessionCalendar>();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** @throws `CALENDAR_MISSING`, `CALENDAR_FILE_INVALID`; `BAD_NAME` */
  of(exchange: string): SessionCalendar {
    const known = this.#calendars.get(exchange);
    if (known) return known;
    const text = findText(this.#layout.calendarFile(exchange));
    const calendar = calendarOf(exchange, text === undefined ? undefined : parseCalendarFile(text));
    this.#calendars.set(exchange, calendar);
    return calendar;
  }
}

function findText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
}
