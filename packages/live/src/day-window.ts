import type { Session, SessionCalendar } from '@tb/calendar';
import type { RejectReason } from './ack.ts';

const MINUTE_NS = 60_000_000_000;
const WORD = 2 ** 32;

/**
 * The accepted hours of one trading date, with times as offsets in ns from their start: exact as numbers (a date is far
 * shorter than 2^53 ns), so that the append path makes no bigint for each tick.
 */
export class DayWindow {
  readonly tradingDate: string;
  /** Start of the window, ns UTC. */
  readonly base: bigint;
  /** Orders windows of different dates. */
  readonly order: number;
  readonly #high: number;
  readonly #low: number;
  readonly #lengthNs: number;
  readonly #openOffset: number;
  /** Whether new rows of the date are set aside: it is frozen or cleared. */
  isClosed = false;
  /** Offset of the newest tick: the date's own clock, for feeds that replay the past. */
  clock = -1;
  /** When its newest tick was committed, by the monotonic clock. */
  tickedAtMs = 0;
  /** Symbols of the date whose candles are supplied, and those that have ticks. */
  readonly supplied: Set<number> = new Set();
  readonly ticked: Set<number> = new Set();

  constructor(session: Session) {
    this.tradingDate = session.tradingDate;
    this.base = session.windowFrom;
    this.order = Number(session.windowFrom / 1_000_000_000n);
    this.#high = Number(session.windowFrom >> 32n);
    this.#low = Number(session.windowFrom & 0xffff_ffffn);
    this.#lengthNs = Number(session.windowTo - session.windowFrom);
    this.#openOffset = Number(session.open - session.windowFrom);
  }

  /** Offset of a time given as its upper (signed) and lower (unsigned) 32 bits; below 0 when outside the window. */
  offsetOf(high: number, low: number): number {
    const offset = (high - this.#high) * WORD + (low - this.#low);
    return offset < this.#lengthNs ? offset : -1;
  }

  /** Offset of a time; below 0 when outside the window. */
  offsetOfTs(ts: bigint): number {
    const offset = Number(ts - this.base);
    return offset < this.#lengthNs ? offset : -1;
  }

  /** Whether a time is past the accepted hours. */
  isOver(ts: bigint): boolean {
    return ts - this.base >= BigInt(this.#lengthNs);
  }

  tsOf(offset: number): bigint {
    return this.base + BigInt(offset);
  }

  /** START of the minute that holds an offset: counted from the open, the first one begins with the window. */
  minuteStart(offset: number): number {
    return Math.max(0, this.#minute(offset) * MINUTE_NS + this.#openOffset);
  }

  /** End of the minute that holds an offset, exclusive. */
  minuteEnd(offset: number): number {
    return (this.#minute(offset) + 1) * MINUTE_NS + this.#openOffset;
  }

  #minute(offset: number): number {
    return Math.floor((offset - this.#openOffset) / MINUTE_NS);
  }
}

/** The windows of an exchange, each made once, so that their state is shared. */
export class DayWindows {
  readonly #calendar: SessionCalendar;
  readonly #windows = new Map<string, DayWindow>();

  constructor(calendar: SessionCalendar) {
    this.#calendar = calendar;
  }

  /** Window of a date; undefined when the exchange does not trade on it. */
  of(tradingDate: string): DayWindow | undefined {
    const known = this.#windows.get(tradingDate);
    if (known !== undefined) return known;
    const session = this.#calendar.sessionOf(tradingDate);
    if (session === undefined) return undefined;
    const window = new DayWindow(session);
    this.#windows.set(tradingDate, window);
    return window;
  }

  /** Window that a time lies in, or why there is none. */
  holding(ts: bigint): DayWindow | RejectReason {
    const tradingDate = this.#calendar.tradingDateOf(ts);
    const window = tradingDate === undefined ? undefined : this.of(tradingDate);
    if (window !== undefined) return window;
    return this.#calendar.isSession(this.#calendar.localDateOf(ts))
      ? 'outside_window'
      : 'no_session';
  }

  /** Trading date of a time, or the date on the exchange's wall clock when it lies in no window. */
  dateOf(ts: bigint): string {
    return this.#calendar.tradingDateOf(ts) ?? this.#calendar.localDateOf(ts);
  }

  values(): IterableIterator<DayWindow> {
    return this.#windows.values();
  }
}
