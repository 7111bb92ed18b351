import type { SessionCalendar } from '@tb/calendar';
import type { MarketDataReader } from '@tb/schema';
import { queryCandles } from './candle-query.ts';
import type { CandleResult } from './candle-result.ts';
import type { QueryContext } from './context.ts';
import type { CorporateActions } from './corporate-actions.ts';
import type { CandleRequest, TickRequest } from './request.ts';
import { queryTicks } from './tick-query.ts';
import type { TickResult } from './tick-result.ts';

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
}
