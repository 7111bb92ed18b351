import type { SessionCalendar } from '@tb/calendar';
import { isPublished } from './presorted.ts';
import type { Span } from './range.ts';
import type { Piece } from './scan-sql.ts';

/**
 * Rows that one statement may sort: about 40 MB in the engine. A result is the concatenation of such statements, so
 * its memory does not grow with its range.
 */
const SLICE_ROWS = 500_000;
/** No symbol has more 1m candles in a trading date. */
const MINUTES_A_DAY = 1440;

export interface SliceOptions {
  readonly calendar: SessionCalendar;
  readonly dates: readonly string[];
  readonly pieces: readonly Piece[];
  readonly scan: Span;
  /** How many symbols are read; undefined: all. */
  readonly symbols: number | undefined;
  readonly kind: 'candles' | 'ticks';
  /** Rows that filling adds per trading date. */
  readonly filledPerDate: number;
  /** Whether rows of a date and of the date before it may be in different statements. */
  readonly mayCut: (date: string) => boolean;
}

/** Consecutive spans of row times that cover the scan, cut where windows begin, each of about SLICE_ROWS at most. */
export function slicesOf(options: SliceOptions): Span[] {
  const { calendar, scan, dates, mayCut } = options;
  if (isSmall(options)) return [scan];
  const slices: Span[] = [];
  const estimated = estimates(options);
  const firstLive = firstLiveDate(options);
  let [from, rows] = [scan.from, 0];
  for (const date of dates) {
    const session = calendar.sessionOf(date);
    if (!session) continue;
    const expected = (estimated.get(date) ?? 0) + options.filledPerDate;
    const isInside = session.windowFrom > from && session.windowFrom < scan.to;
    const isFull = rows > 0 && rows + expected > SLICE_ROWS;
    if (isInside && (isFull || date === firstLive) && mayCut(date)) {
      slices.push({ from, to: session.windowFrom });
      [from, rows] = [session.windowFrom, 0];
    }
    rows += expected;
    if (options.kind === 'ticks' && rows > SLICE_ROWS) {
      const cuts = inDay(session, Math.ceil(rows / SLICE_ROWS)).filter(
        (ts) => ts > from && ts < scan.to,
      );
      for (const to of cuts) {
        slices.push({ from, to });
        from = to;
      }
      rows = expected / (cuts.length + 1);
    }
  }
  slices.push({ from, to: scan.to });
  return slices;
}

/** Whether all rows fit into one statement, and none of them are live. */
function isSmall(options: SliceOptions): boolean {
  let rows = options.filledPerDate * options.dates.length;
  for (const piece of options.pieces) rows += shareOf(piece, piece.rows, options);
  return rows <= SLICE_ROWS && options.pieces.every(isPublished);
}

/** Ticks need no whole session in one statement: equal parts of the session's time. */
function inDay(
  session: { readonly open: bigint; readonly close: bigint },
  parts: number,
): bigint[] {
  const width = session.close - session.open;
  return Array.from(
    { length: parts - 1 },
    (_, i) => session.open + (width * BigInt(i + 1)) / BigInt(parts),
  );
}

/** Where sorted files end and live rows begin: what lies before need not be sorted for one symbol. */
function firstLiveDate({ pieces, symbols }: SliceOptions): string | undefined {
  if (symbols !== 1) return undefined;
  const live = pieces.filter((piece) => !isPublished(piece));
  return live.flatMap((piece) => piece.tradingDates).sort()[0];
}

/** Expected rows per trading date. */
function estimates(options: SliceOptions): Map<string, number> {
  const rows = new Map<string, number>();
  for (const piece of options.pieces) {
    const share = shareOf(piece, piece.rows, options) / piece.tradingDates.length;
    for (const date of piece.tradingDates) rows.set(date, (rows.get(date) ?? 0) + share);
  }
  return rows;
}

function shareOf(piece: Piece, all: number, options: SliceOptions): number {
  const wanted = options.symbols;
  if (wanted === undefined) return all;
  const days = piece.tradingDates.length;
  if (piece.symbols) return all * Math.min(1, wanted / piece.symbols);
  return options.kind === 'candles' ? Math.min(all, wanted * MINUTES_A_DAY * days) : all;
}
