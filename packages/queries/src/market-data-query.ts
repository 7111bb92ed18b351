import type { SessionCalendar } from '@tb/calendar';
import type { MarketDataReader } from '@tb/schema';
import { type AsofRequest, type AsofResult, queryAsof } from './asof.ts';
import { queryCandles } from './candle-query.ts';
import type { CandleResult } from './candle-result.ts';
import type { QueryContext } from './context.ts';
import type { CorporateActions } from './corporate-actions.ts';
import { type CoverageRequest, type CoverageResult, queryCoverage } from './coverage.ts';
import { queryLastCandles, queryLastTicks } from './last-query.ts';
import { type LatestRequest, type LatestResult, queryLatest } from './latest.ts';
import type { CandleRequest, LastCandlesRequest, LastRequest, TickRequest } from './request.ts';
import { queryRolling, type RollingRequest, type RollingResult } from './rolling.ts';
import { querySessions, type SessionsRequest, type SessionsResult } from './session-list.ts';
import { queryTicks } from './tick-query.ts';
import type { TickResult } from './tick-result.ts';
import { queryVwap, type VwapRequest, type VwapResult } from './vwap.ts';

export interface MarketDataQueryOptions {
  /** Sessions of an exchange; usually `manager.calendarOf`. */
  readonly calendarOf: (exchange: string) => SessionCalendar;
  /** Corporate actions and renames; without them `adjust` and `symbolChanges` throw `ACTIONS_MISSING`. */
  readonly actions?: CorporateActions | undefined;
  /** Clock, ns UTC. Default: the system's. */
  readonly now?: (() => bigint) | undefined;
}

/**
 * Reads market data, published and live as one. Opens no file and takes no lock: the reader does the former.
 *
 * Every result tells what it saw (`watermark`, `files`) and what is missing (`gaps`), and is right or an error.
 */
export class MarketDataQuery {
  readonly #context: QueryContext;

  constructor(reader: MarketDataReader, options: MarketDataQueryOptions) {
    this.#context = {
      reader,
      calendarOf: options.calendarOf,
      actions: options.actions,
      now: options.now ?? (() => BigInt(Date.now()) * 1_000_000n),
    };
  }

  /**
   * Candles whose START lies in `[from, to)`, each built from all its 1m candles, also those after `to`; oldest first,
   * then by symbol. A stored timeframe is read where it is published; elsewhere (today, other widths) it is derived
   * from 1m. Minutes are counted from the session open; days are sessions; `Nd` groups N calendar days counted from a
   * Monday (1970-01-05), stamped with the open of the first session of the group.
   *
   * @throws `GAP`, `STALE`, `UNKNOWN_SYMBOL`, `BAD_RANGE`, `BAD_REQUEST`, `ACTIONS_MISSING`, `SNAPSHOT_MOVED`,
   *   `CALENDAR_LACKS_SESSION`; `BAD_NAME` for a bad timeframe, exchange or symbol; and what the reader throws.
   */
  candles(request: CandleRequest): Promise<CandleResult> {
    return queryCandles(this.#context, request);
  }

  /** Ticks with `from <= ts < to`, in total order (ts, symbol, seq). @throws as `candles` */
  ticks(request: TickRequest): Promise<TickResult> {
    return queryTicks(this.#context, request);
  }

  /**
   * The newest `count` candles of each symbol, oldest first: looks back over as many sessions as it takes, to the first
   * data there are. Fewer come back only when there are no more. Gaps are reported unless `onGap` says `error`.
   */
  lastCandles(request: LastCandlesRequest): Promise<CandleResult> {
    return queryLastCandles(this.#context, request);
  }

  /** The newest `count` ticks of each symbol, oldest first; from memory when the live tail has them all. */
  lastTicks(request: LastRequest): Promise<TickResult> {
    return queryLastTicks(this.#context, request);
  }

  /** The newest price of many symbols at once: of the last tick, or of the last 1m candle where that is newer. */
  latest(request: LatestRequest): Promise<LatestResult> {
    return queryLatest(this.#context, request);
  }

  /** Sessions of the range with and without data, from the first that has some to the last. */
  sessions(request: SessionsRequest): Promise<SessionsResult> {
    return querySessions(this.#context, request);
  }

  /** How many candles each symbol has on each trading date, and how many the session holds. */
  coverage(request: CoverageRequest): Promise<CoverageResult> {
    return queryCoverage(this.#context, request);
  }

  /**
   * Joins trades with quotes, or events such as signals with prices, by time. Both sides are of one manifest version. The
   * engine sorts the whole range at once: ask day by day for long ranges of ticks.
   */
  asofJoin(request: AsofRequest): Promise<AsofResult> {
    return queryAsof(this.#context, request);
  }

  /** Volume-weighted average prices, per candle or for the whole range. */
  vwap(request: VwapRequest): Promise<VwapResult> {
    return queryVwap(this.#context, request);
  }

  /** A function over the last `length` candles of each symbol, at each candle. The engine sorts the whole range at once. */
  rolling(request: RollingRequest): Promise<RollingResult> {
    return queryRolling(this.#context, request);
  }
}
