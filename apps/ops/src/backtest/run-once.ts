import { historyFrom, type RunConfig, type RunResult, runBacktest } from '@tb/backtest';
import { type CandleResult, MarketDataQuery } from '@tb/queries';
import type { Layout } from '@tb/schema';
import { loadStrategy } from './load-strategy.ts';
import { openBacktest } from './open-backtest.ts';

/** Everything that one run is made of. Plain data, so that a worker can be told. */
export interface RunRequest {
  /** Id of a built-in strategy, or path of a module. */
  readonly strategy: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly config: RunConfig;
  /** A missing session is an error unless it is said to be reported only. */
  readonly onGap: 'error' | 'report';
  readonly sweepId?: string | undefined;
}

/** What a run reads: published history as of now, never live rows, so that equal inputs give an equal run. */
export async function openHistory(
  query: MarketDataQuery,
  config: RunConfig,
  onGap: 'error' | 'report',
): Promise<CandleResult> {
  const { exchange, symbols, timeframe, from, to } = config;
  return await query.candles({
    exchange,
    symbols,
    timeframe,
    from,
    to,
    onGap,
    asOf: BigInt(Date.now()) * 1_000_000n,
  });
}

/**
 * One backtest: history read-only in, one run file out, one row in the index. Changes no other database.
 * @throws what `runBacktest` and the query throw; `GAP` when a session is missing and `onGap` is error.
 */
export async function runOnce(
  layout: Layout,
  request: RunRequest,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((ts: bigint) => void) | undefined;
  } = {},
): Promise<RunResult> {
  const strategy = await loadStrategy(request.strategy);
  await using open = await openBacktest(layout);
  const { manager, index } = open;
  const calendar = manager.calendarOf(request.config.exchange);
  const query = new MarketDataQuery(manager.marketData, {
    calendarOf: (exchange) => manager.calendarOf(exchange),
  });
  await using result = await openHistory(query, request.config, request.onGap);
  return await runBacktest({
    layout,
    index,
    strategy,
    parameters: request.parameters,
    config: request.config,
    history: historyFrom(result),
    tradingDateOf: (ts) => calendar.tradingDateOf(ts) ?? calendar.localDateOf(ts),
    sweepId: request.sweepId,
    signal: options.signal,
    onEvent: (event) => event.kind === 'progress' && options.onProgress?.(event.ts),
  });
}
