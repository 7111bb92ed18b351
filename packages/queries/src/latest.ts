import type { Watermark } from '@tb/schema';
import type { CandleRow, TickRow } from './chunk.ts';
import type { QueryContext } from './context.ts';
import { queryLastCandles, queryLastTicks } from './last-query.ts';
import type { SymbolScope } from './request.ts';

export interface LatestRequest extends SymbolScope {
  readonly symbols: readonly string[];
  readonly symbol?: undefined;
}

/** The newest that is known of one symbol. */
export interface LatestPrice {
  readonly symbol: string;
  /** Of the tick; START of the candle. ns UTC. */
  readonly ts: bigint;
  /** Of the tick; close of the candle. */
  readonly price: number;
  readonly tick?: TickRow | undefined;
  /** Only for a symbol without any tick: its newest 1m candle. */
  readonly candle?: CandleRow | undefined;
}

export interface LatestResult {
  /** In order of symbol; one that has no row at all is left out. */
  readonly prices: readonly LatestPrice[];
  readonly watermark: Watermark;
}

/** See `MarketDataQuery.latest`. */
export async function queryLatest(
  context: QueryContext,
  request: LatestRequest,
): Promise<LatestResult> {
  const prices: LatestPrice[] = [];
  await using ticks = await queryLastTicks(context, { ...request, count: 1 });
  const { symbols, watermark } = ticks;
  for await (const tick of ticks.rows())
    prices.push({ symbol: tick.symbol, ts: tick.ts, price: tick.price, tick });
  const found = new Set(prices.map((price) => price.symbol));
  const missing = symbols.filter((symbol) => !found.has(symbol));
  if (missing.length > 0) {
    const asked = { ...request, symbols: missing, count: 1, timeframe: '1m' };
    await using candles = await queryLastCandles(context, asked);
    for await (const candle of candles.rows())
      prices.push({ symbol: candle.symbol, ts: candle.ts, price: candle.close, candle });
  }
  prices.sort((a, b) => symbols.indexOf(a.symbol) - symbols.indexOf(b.symbol));
  return { prices, watermark };
}
