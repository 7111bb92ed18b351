import type { Session, SessionCalendar } from '@tb/calendar';
import type { Block, RejectedRow } from '../input/blocks.ts';
import type { InputOptions } from '../input/input-options.ts';

/** Which rows of a block have a trading date, and which. */
export interface DatedRows {
  /** Indices into the batch. */
  readonly accepted: readonly number[];
  /** Per accepted row: days since 1970 of its trading date. */
  readonly days: readonly number[];
  /** Per accepted row: its time; a daily candle gets the session open, whatever time of its date it was stamped with. */
  readonly ts: readonly bigint[];
  readonly rejected: readonly RejectedRow[];
  /** Trading date of the first accepted row; '' when there is none. */
  readonly firstDate: string;
}

const DAY_MS = 86_400_000;

type DatedBlock = Block<{ readonly ts: BigInt64Array }>;

/** Gives each row of a block its trading date by the window of its session; a row without one is rejected with the reason. */
export function dateOfRow(
  block: DatedBlock,
  calendar: SessionCalendar,
  input: InputOptions,
): DatedRows {
  const accepted: number[] = [];
  const days: number[] = [];
  const stamps: bigint[] = [];
  const rejected: RejectedRow[] = [];
  let session: Session | undefined;
  let day = 0;
  for (let row = 0; row < block.batch.ts.length; row += 1) {
    const ts = block.batch.ts[row] ?? 0n;
    if (!session || ts < session.windowFrom || ts >= session.windowTo) {
      session = sessionAt(ts, calendar, input);
      day = session ? Date.parse(session.tradingDate) / DAY_MS : 0;
    }
    const stamp = session && (input.timeframe === '1d' ? session.open : ts);
    const reason =
      session === undefined || stamp === undefined
        ? reasonFor(ts, calendar)
        : gridFault(stamp, calendar, input);
    if (session === undefined || stamp === undefined || reason !== undefined) {
      rejected.push({
        file: block.file,
        row: Number(block.rows[row]),
        reason: reason ?? 'no_session',
        raw: block.raw(row),
      });
      continue;
    }
    accepted.push(row);
    days.push(day);
    stamps.push(stamp);
  }
  const firstDate =
    days[0] === undefined ? '' : new Date(days[0] * DAY_MS).toISOString().slice(0, 10);
  return { accepted, days, ts: stamps, rejected, firstDate };
}

function sessionAt(
  ts: bigint,
  calendar: SessionCalendar,
  input: InputOptions,
): Session | undefined {
  // A daily candle may be stamped at midnight, outside the window of its session.
  const date =
    calendar.tradingDateOf(ts) ?? (input.timeframe === '1d' ? calendar.localDateOf(ts) : undefined);
  return date === undefined ? undefined : calendar.sessionOf(date);
}

function reasonFor(ts: bigint, calendar: SessionCalendar): string {
  const date = calendar.localDateOf(ts);
  return calendar.isSession(date) ? `outside_window: ${date}` : `no_session: ${date}`;
}

/** Candles start on the grid that is counted from the session open. */
function gridFault(ts: bigint, calendar: SessionCalendar, input: InputOptions): string | undefined {
  if (input.kind !== 'candles' || input.timeframe === '' || input.timeframe === '1d')
    return undefined;
  return calendar.candleStart(ts, input.timeframe) === ts
    ? undefined
    : `misaligned: does not start a ${input.timeframe} candle`;
}
