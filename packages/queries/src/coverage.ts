import type { SessionCalendar } from '@tb/calendar';
import type { Watermark } from '@tb/schema';
import { candleResult, planCandles } from './candle-query.ts';
import type { CandleChunk } from './chunk.ts';
import type { QueryContext } from './context.ts';
import type { Gap } from './gap-record.ts';
import type { CandleRequest } from './request.ts';

export type CoverageRequest = Omit<CandleRequest, 'onGap' | 'adjust'>;

/** The candles of one symbol on one trading date. */
export interface CoverageRow {
  readonly symbol: string;
  readonly tradingDate: string;
  readonly candles: number;
  /** Of them, START inside the regular session. */
  readonly inSession: number;
  /** What the regular session holds. A thin symbol has fewer: a minute without a trade has no candle. */
  readonly expected: number;
  /** START of the first and the last, ns UTC. */
  readonly first: bigint;
  readonly last: bigint;
}

export interface CoverageResult {
  /** By trading date, then symbol. */
  readonly rows: readonly CoverageRow[];
  readonly gaps: readonly Gap[];
  /** When feeds were connected, as far as known. ns UTC, half-open. */
  readonly feeds: readonly {
    readonly source: string;
    readonly from: bigint;
    readonly to: bigint;
  }[];
  readonly watermark: Watermark;
}

interface Count {
  readonly code: number;
  readonly tradingDate: string;
  readonly first: bigint;
  candles: number;
  inSession: number;
  last: bigint;
}

/** See `MarketDataQuery.coverage`. */
export async function queryCoverage(
  context: QueryContext,
  request: CoverageRequest,
): Promise<CoverageResult> {
  const plan = await planCandles(context, request);
  const feeds = plan.sources.snapshot.coverage;
  await using result = await candleResult(context, plan, 'report').catch(async (error: unknown) => {
    await plan.sources[Symbol.asyncDispose]();
    throw error;
  });
  const counts = new Map<string, Count>();
  for await (const chunk of result.chunks()) count(counts, chunk, plan.calendar);
  const expectedOf = (date: string): number =>
    plan.timeframe.unit === 'day'
      ? 1
      : plan.calendar.expectedCandles(date, plan.timeframe.text).length;
  const rows = [...counts.values()]
    .sort((a, b) =>
      a.tradingDate < b.tradingDate ? -1 : a.tradingDate > b.tradingDate ? 1 : a.code - b.code,
    )
    .map(({ code, ...row }) => ({
      symbol: result.symbols[code]!,
      ...row,
      expected: expectedOf(row.tradingDate),
    }));
  return { rows, gaps: result.gaps, feeds, watermark: result.watermark };
}

/** Chunks come in order of time, so the calendar answers from its last session. */
function count(counts: Map<string, Count>, chunk: CandleChunk, calendar: SessionCalendar): void {
  for (let i = 0; i < chunk.rows; i++) {
    const [ts, code] = [chunk.ts[i]!, chunk.code[i]!];
    const tradingDate = calendar.tradingDateOf(ts) ?? calendar.localDateOf(ts);
    const session = calendar.sessionOf(tradingDate);
    const isInside = session !== undefined && ts >= session.open && ts < session.close ? 1 : 0;
    const key = `${tradingDate} ${code}`;
    const known = counts.get(key);
    if (known) {
      known.candles += 1;
      known.inSession += isInside;
      known.last = ts;
    } else {
      counts.set(key, { code, tradingDate, first: ts, last: ts, candles: 1, inSession: isInside });
    }
  }
}
