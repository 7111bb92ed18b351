import type { Session, SessionCalendar } from '@tb/calendar';
import type {
  MarketDataReader,
  MarketDataRequest,
  MarketDataSnapshot,
  MarketDataSource,
  StoredTimeframe,
} from '@tb/schema';
import { QueryError } from './errors.ts';
import { maxOf, mergeSpans, minOf, type Span } from './range.ts';
import { type Piece, pieceOf } from './scan-sql.ts';
import { clampToDates, sessionsWithout } from './trading-days.ts';
import { sessionsOfSource } from './window-run.ts';

const ATTEMPTS = 3;

/** One consistent view for candles: files of the timeframe, and 1m for the trading dates that have none. */
export interface CandleSources extends AsyncDisposable {
  /** The newest snapshot: it runs the SQL. */
  readonly snapshot: MarketDataSnapshot;
  readonly stored: readonly Piece[];
  readonly minute: readonly Piece[];
  readonly sources: readonly MarketDataSource[];
  /** Trading dates with data, ascending. */
  readonly dates: readonly string[];
}

export interface CandleSourcesRequest {
  readonly exchange: string;
  readonly timeframe: StoredTimeframe;
  /** Whether 1m rows are resampled: false when the 1m rows themselves are asked for. */
  readonly isResampled: boolean;
  /** Row times to read from the reader: whole sessions. */
  readonly scan: Span;
  readonly symbols: readonly string[] | undefined;
  readonly asOf: bigint | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Takes the snapshot of the timeframe first and, when dates lack it, that of 1m second: a date published in between is
 * then found in the second. Both must be of one manifest version, else the pair is taken again.
 * @throws `SNAPSHOT_MOVED` after three attempts; `CALENDAR_LACKS_SESSION`
 */
export async function openCandleSources(
  reader: MarketDataReader,
  calendar: SessionCalendar,
  request: CandleSourcesRequest,
): Promise<CandleSources> {
  const attempts = request.timeframe === '1m' ? 1 : ATTEMPTS;
  for (let attempt = 0; attempt < attempts; attempt++) {
    const opened: MarketDataSnapshot[] = [];
    const open = async (timeframe: StoredTimeframe, span: Span): Promise<MarketDataSnapshot> => {
      const snapshot = await reader.snapshot(readerRequest(request, timeframe, span));
      opened.unshift(snapshot);
      return snapshot;
    };
    const found = await keptOpen(opened, () => findSources(reader, calendar, request, open));
    if (found) return found;
  }
  throw new QueryError(
    'SNAPSHOT_MOVED',
    `The manifest changed during each of ${ATTEMPTS} attempts to read ${request.exchange} ${request.timeframe}`,
  );
}

type Open = (timeframe: StoredTimeframe, span: Span) => Promise<MarketDataSnapshot>;

/** undefined when a publication came between the two snapshots. */
async function findSources(
  reader: MarketDataReader,
  calendar: SessionCalendar,
  request: CandleSourcesRequest,
  open: Open,
): Promise<CandleSources | undefined> {
  const first = await open(request.timeframe, request.scan);
  if (request.timeframe === '1m') return ofMinutes(first, calendar, request);
  const lacking = await lackingSpan(reader, calendar, request, first.tradingDates);
  const stored = first.sources.map((source) => pieceOf(source, []));
  if (!lacking) return sourcesOf([first], stored, [], first.sources);
  const second = await open('1m', lacking);
  if (first.watermark.manifestVersion !== second.watermark.manifestVersion) return undefined;
  const covered = new Set(first.tradingDates);
  const used = second.sources.filter((s) => s.tradingDates.some((date) => !covered.has(date)));
  const minute = used.map((source) => minutePiece(source, covered, calendar, lacking));
  return sourcesOf([second, first], stored, minute, [...first.sources, ...used]);
}

function readerRequest(
  request: CandleSourcesRequest,
  timeframe: StoredTimeframe,
  span: Span,
): MarketDataRequest {
  const { exchange, symbols, asOf, signal } = request;
  return { exchange, kind: 'candles', timeframe, ...span, symbols, asOf, signal };
}

/** Runs `use`; disposes what was opened when it throws or gives nothing, else that lives on in what it returned. */
async function keptOpen<T extends object>(
  opened: readonly MarketDataSnapshot[],
  use: () => Promise<T | undefined>,
): Promise<T | undefined> {
  let kept: T | undefined;
  try {
    kept = await use();
    return kept;
  } finally {
    if (kept === undefined) await disposeAll(opened);
  }
}

async function disposeAll(snapshots: readonly MarketDataSnapshot[]): Promise<void> {
  const results = await Promise.allSettled(
    snapshots.map(async (snapshot) => snapshot[Symbol.asyncDispose]()),
  );
  const failed = results.filter((result) => result.status === 'rejected');
  if (failed.length === 1) throw failed[0]?.reason;
  if (failed.length > 1) throw new AggregateError(failed.map((result) => result.reason));
}

/** The row times of the sessions in the scan that have 1m data by date range but no file of the timeframe. */
async function lackingSpan(
  reader: MarketDataReader,
  calendar: SessionCalendar,
  request: CandleSourcesRequest,
  covered: readonly string[],
): Promise<Span | undefined> {
  const extent = await reader.extent(request.exchange, 'candles', '1m');
  if (!extent) return undefined;
  const { from, to } = clampToDates(calendar, request.scan, extent);
  const lacking = sessionsWithout(calendar.sessionsOverlapping(from, to), covered);
  const [first, last] = [lacking[0], lacking.at(-1)];
  if (!first || !last) return undefined;
  return { from: maxOf(first.windowFrom, from), to: minOf(last.windowTo, to) };
}

function datesOf(sources: readonly MarketDataSource[]): Set<string> {
  return new Set(sources.flatMap((source) => source.tradingDates));
}

function ofMinutes(
  snapshot: MarketDataSnapshot,
  calendar: SessionCalendar,
  request: CandleSourcesRequest,
): CandleSources {
  const { isResampled, scan } = request;
  const pieces = snapshot.sources.map((source) =>
    pieceOf(source, isResampled ? sessionsOfSource(calendar, source, scan) : []),
  );
  const [stored, minute] = isResampled ? [[], pieces] : [pieces, []];
  return sourcesOf([snapshot], stored, minute, snapshot.sources);
}

function minutePiece(
  source: MarketDataSource,
  covered: ReadonlySet<string>,
  calendar: SessionCalendar,
  span: Span,
): Piece {
  const sessions = sessionsOfSource(calendar, source, span);
  const wanted = sessions.filter((session) => !covered.has(session.tradingDate));
  const spans = mergeSpans(wanted.map((s: Session) => ({ from: s.windowFrom, to: s.windowTo })));
  const piece = pieceOf(source, sessions);
  return wanted.length === sessions.length ? piece : { ...piece, spans };
}

function sourcesOf(
  snapshots: readonly [MarketDataSnapshot, ...MarketDataSnapshot[]],
  stored: readonly Piece[],
  minute: readonly Piece[],
  sources: readonly MarketDataSource[],
): CandleSources {
  const [newest, ...others] = snapshots;
  const dates = others.length === 0 ? newest.tradingDates : unionOfDates(snapshots, sources);
  return {
    snapshot: newest,
    stored,
    minute,
    sources,
    dates,
    [Symbol.asyncDispose]: () => disposeAll(snapshots),
  };
}

function unionOfDates(
  snapshots: readonly MarketDataSnapshot[],
  sources: readonly MarketDataSource[],
): string[] {
  const dates = datesOf(sources);
  for (const { tradingDates } of snapshots) for (const date of tradingDates) dates.add(date);
  return [...dates].sort();
}
