import type { Watermark } from '@tb/schema';
import type { CandleRow, TickRow } from './chunk.ts';
import type { QueryContext } from './context.ts';
import { QueryError } from './errors.ts';
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
  /** Where a 1m candle is newer than the last tick, or there is no tick: that candle. */
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
  if (request.symbols === undefined || request.symbol !== undefined)
    throw new QueryError('BAD_REQUEST', 'latest wants its symbols by name, in symbols');
  const prices = new Map<string, LatestPrice>();
  await using ticks = await queryLastTicks(context, { ...request, count: 1 });
  const { symbols, watermark } = ticks;
  for await (const tick of ticks.rows())
    prices.set(tick.symbol, { symbol: tick.symbol, ts: tick.ts, price: tick.price, tick });
  const inDoubt = await maybeNewerAsCandle(context, request.exchange, symbols, prices);
  if (inDoubt.length > 0) {
    const asked = { ...request, symbols: inDoubt, count: 1, timeframe: '1m' };
    await using candles = await queryLastCandles(context, asked);
    for await (const candle of candles.rows()) {
      const { symbol, ts, close: price } = candle;
      const known = prices.get(symbol);
      if (known === undefined || known.ts < ts) prices.set(symbol, { symbol, ts, price, candle });
    }
  }
  return { prices: symbols.flatMap((symbol) => prices.get(symbol) ?? []), watermark };
}

/** Symbols without a tick, and those whose last tick is of a date before the last one with 1m candles. */
async function maybeNewerAsCandle(
  context: QueryContext,
  exchange: string,
  symbols: readonly string[],
  prices: ReadonlyMap<string, LatestPrice>,
): Promise<string[]> {
  const extent = await context.reader.extent(exchange, 'candles', '1m');
  if (!extent) return [];
  const calendar = context.calendarOf(exchange);
  return symbols.filter((symbol) => {
    const ts = prices.get(symbol)?.ts;
    const date = ts === undefined ? undefined : calendar.tradingDateOf(ts);
    return date === undefined || date < extent.last;
  });
}
