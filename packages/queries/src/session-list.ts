import { assertExchange, type Kind, type StoredTimeframe, type Watermark } from '@tb/schema';
import type { QueryContext } from './context.ts';
import { spanOf } from './range.ts';
import type { TimeInput } from './request.ts';
import { oneOf } from './scope.ts';
import { clampToDates, wholeSessions } from './trading-days.ts';

export interface SessionsRequest {
  readonly exchange: string;
  readonly kind: Kind;
  /** For candles. Default `1m`. */
  readonly timeframe?: StoredTimeframe | undefined;
  readonly from: TimeInput;
  readonly to: TimeInput;
  readonly asOf?: TimeInput | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One session of the range, from the first to the last that has data. */
export interface SessionRow {
  readonly tradingDate: string;
  /** ns UTC, half-open; absent for data on a date that the calendar calls no session. */
  readonly open?: bigint | undefined;
  readonly close?: bigint | undefined;
  readonly kind: 'regular' | 'half' | 'special' | 'none';
  readonly certainty: 'known' | 'unknown';
  readonly hasData: boolean;
}

export interface SessionsResult {
  readonly sessions: readonly SessionRow[];
  readonly watermark: Watermark;
}

/** See `MarketDataQuery.sessions`. */
export async function querySessions(
  context: QueryContext,
  request: SessionsRequest,
): Promise<SessionsResult> {
  assertExchange(request.exchange);
  const kind = oneOf('kind', request.kind, ['ticks', 'candles']);
  const timeframe = kind === 'ticks' ? undefined : (request.timeframe ?? '1m');
  const span = spanOf(request.from, request.to);
  const calendar = context.calendarOf(request.exchange);
  const { exchange } = request;
  const asOf = request.asOf === undefined ? undefined : spanOf(request.asOf, request.asOf).from;
  request.signal?.throwIfAborted();
  const whole = wholeSessions(calendar, span);
  const asked = { exchange, kind, timeframe, ...whole, asOf };
  const { tradingDates, watermark } = await context.reader.tradingDates(asked);
  const [first, last] = [tradingDates[0], tradingDates.at(-1)];
  if (first === undefined || last === undefined) return { sessions: [], watermark };
  const { from, to } = clampToDates(calendar, span, { first, last });
  const present = new Set(tradingDates);
  const rows = new Map<string, SessionRow>();
  for (const s of calendar.sessionsOverlapping(from, to)) {
    const { tradingDate, open, close, certainty } = s;
    rows.set(tradingDate, {
      tradingDate,
      open,
      close,
      kind: s.kind,
      certainty,
      hasData: present.has(tradingDate),
    });
  }
  for (const tradingDate of tradingDates)
    if (!rows.has(tradingDate))
      rows.set(tradingDate, { tradingDate, kind: 'none', certainty: 'known', hasData: true });
  const sessions = [...rows.values()].sort((a, b) => (a.tradingDate < b.tradingDate ? -1 : 1));
  return { sessions, watermark };
}
