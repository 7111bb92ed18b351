import { dateOfDay, dayOfDate, FIRST_DAY, LAST_DAY } from './civil-date.ts';
import { CalendarError } from './errors.ts';
import type { ExchangeRules, SessionMinutes } from './exchange-rules.ts';
import type { Session } from './session.ts';
import type { SessionCalendar } from './session-calendar.ts';
import { timeframeMinutes } from './timeframe-minutes.ts';
import { floorMs, wallDateOf, wallMinuteToUtc } from './wall-time.ts';

const DAY_MS = 86_400_000;
const MINUTE_NS = 60_000_000_000n;
/** About 60 years of one exchange. */
const CACHE_SESSIONS = 16_384;

/** The calendar that the rules of an exchange make. */
export class RuleCalendar implements SessionCalendar {
  readonly exchange: string;
  readonly timeZone: string;
  readonly #rules: ExchangeRules;
  readonly #sessions = new Map<number, Session | undefined>();
  /** The same by trading date: a date that was a session needs no check again. */
  readonly #byDate = new Map<string, Session>();
  /** The session found last: live ticks hit it a million times a second. */
  #latest: Session | undefined;

  constructor(exchange: string, rules: ExchangeRules) {
    this.exchange = exchange;
    this.timeZone = rules.timeZone;
    this.#rules = rules;
  }

  tradingDateOf(ts: bigint): string | undefined {
    return this.#sessionAt(ts)?.tradingDate;
  }

  localDateOf(ts: bigint): string {
    return wallDateOf(ts, this.timeZone);
  }

  sessionOf(tradingDate: string): Session | undefined {
    return this.#byDate.get(tradingDate) ?? this.#sessionOfDay(dayOfDate(tradingDate));
  }

  isSession(tradingDate: string): boolean {
    return this.sessionOf(tradingDate) !== undefined;
  }

  knows(tradingDate: string): boolean {
    dayOfDate(tradingDate);
    return this.#rules.knowsYear(Number(tradingDate.slice(0, 4)));
  }

  reasonOf(tradingDate: string): string | undefined {
    dayOfDate(tradingDate);
    return this.#rules.ruleOf(tradingDate)?.name;
  }

  previousSession(tradingDate: string): Session {
    for (let day = dayOfDate(tradingDate) - 1; day >= FIRST_DAY; day--) {
      const session = this.#sessionOfDay(day);
      if (session) return session;
    }
    throw this.#none(`before ${tradingDate}`);
  }

  nextSession(tradingDate: string): Session {
    for (let day = dayOfDate(tradingDate) + 1; day <= LAST_DAY; day++) {
      const session = this.#sessionOfDay(day);
      if (session) return session;
    }
    throw this.#none(`after ${tradingDate}`);
  }

  sessionsBetween(from: string, to: string): Session[] {
    return this.#sessionsOfDays(dayOfDate(from), dayOfDate(to));
  }

  sessionsOverlapping(fromNs: bigint, toNs: bigint): Session[] {
    if (fromNs >= toNs) return [];
    // A window may begin a day before its date and end a day after it; offsets from UTC stay below a day.
    const from = Math.max(utcDayOf(fromNs) - 2, FIRST_DAY);
    const to = Math.min(utcDayOf(toNs) + 3, LAST_DAY + 1);
    const sessions = this.#sessionsOfDays(from, to); // ascending, and so are their windows
    const first = sessions.findIndex((session) => session.windowTo > fromNs);
    const last = sessions.findLastIndex((session) => session.windowFrom < toNs);
    return first < 0 ? [] : sessions.slice(first, last + 1);
  }

  expectedCandles(tradingDate: string, timeframe: string): BigInt64Array {
    const minutes = timeframeMinutes(timeframe);
    const session = this.sessionOf(tradingDate);
    if (!session) return new BigInt64Array(0);
    if (minutes === 'session') return BigInt64Array.of(session.open);
    const widthNs = BigInt(minutes) * MINUTE_NS;
    const starts: bigint[] = [];
    for (let start = session.open; start < session.close; start += widthNs) {
      const end = start + widthNs < session.close ? start + widthNs : session.close;
      if (!session.breaks.some((pause) => pause.from <= start && end <= pause.to))
        starts.push(start);
    }
    return BigInt64Array.from(starts);
  }

  candleStart(ts: bigint, timeframe: string): bigint {
    const minutes = timeframeMinutes(timeframe);
    const session = this.#sessionAt(ts);
    if (!session) throw this.#none(`at ${ts} ns, ${this.localDateOf(ts)} at the exchange`);
    if (minutes === 'session') return session.open;
    const widthNs = BigInt(minutes) * MINUTE_NS;
    const sinceOpen = ts - session.open;
    const rest = sinceOpen % widthNs;
    const start = ts - (rest < 0n ? rest + widthNs : rest);
    return start < session.windowFrom ? session.windowFrom : start;
  }

  #sessionAt(ts: bigint): Session | undefined {
    const latest = this.#latest;
    if (latest && ts >= latest.windowFrom && ts < latest.windowTo) return latest;
    const found = this.sessionsOverlapping(ts, ts + 1n)[0];
    if (found) this.#latest = found;
    return found;
  }

  #sessionsOfDays(from: number, to: number): Session[] {
    const sessions: Session[] = [];
    for (let day = from; day < to; day++) {
      const session = this.#sessionOfDay(day);
      if (session) sessions.push(session);
    }
    return sessions;
  }

  #sessionOfDay(day: number): Session | undefined {
    const known = this.#sessions.get(day);
    if (known || this.#sessions.has(day)) return known;
    const session = this.#build(day);
    if (this.#sessions.size >= CACHE_SESSIONS) {
      this.#sessions.clear();
      this.#byDate.clear();
    }
    this.#sessions.set(day, session);
    if (session) this.#byDate.set(session.tradingDate, session);
    return session;
  }

  #build(day: number): Session | undefined {
    const tradingDate = dateOfDay(day);
    const rule = this.#rules.ruleOf(tradingDate);
    if (rule?.kind === 'holiday') return undefined;
    const hours: SessionMinutes | undefined = rule ? rule.hours : this.#rules.usualHours(day);
    if (!hours) return undefined;
    const at = (minute: number): bigint => wallMinuteToUtc(day, minute, this.timeZone);
    const [open, close] = [at(hours.from), at(hours.to)];
    if (open === close) return undefined; // the clock skips these hours: Apia left out 2011-12-30
    return {
      exchange: this.exchange,
      tradingDate,
      open,
      close,
      breaks: (hours.breaks ?? []).map((pause) => ({ from: at(pause.from), to: at(pause.to) })),
      windowFrom: at(this.#rules.window.from),
      windowTo: at(this.#rules.window.to),
      kind: rule ? rule.kind : 'regular',
      certainty: this.#rules.knowsYear(Number(tradingDate.slice(0, 4))) ? 'known' : 'unknown',
    };
  }

  #none(where: string): CalendarError {
    return new CalendarError('NO_SESSION', `Exchange ${this.exchange} has no session ${where}`);
  }
}

function utcDayOf(ts: bigint): number {
  return Math.floor(floorMs(ts) / DAY_MS);
}
