import type { Candle } from '@tb/schema';
import { assertCandle, shownTime } from './candle-check.ts';
import { BacktestError } from './errors.ts';
import type { ResolvedConfig } from './run-config.ts';
import type { RunHistory } from './run-history.ts';

/** All candles of one `ts`, symbols ascending: what happens at the same time is handled as one step. */
export type CandleGroup = readonly Candle[];

// A signal handler runs between macrotasks only, and a chain of resolved promises never ends one.
const YIELD_EVERY_MS = 50;

/**
 * Groups a stream of candles by `ts` in total order (ts, symbol), one group in memory at a time.
 *
 * @throws `CANDLES_INVALID` for a step back in time, a repeated (ts, symbol), a candle outside the run's range or
 *   symbols, or an impossible price; `RUN_CANCELLED` when the signal aborts.
 */
export async function* groupCandles(
  history: RunHistory,
  config: ResolvedConfig,
  signal?: AbortSignal,
): AsyncGenerator<CandleGroup, void, undefined> {
  const symbols = new Set(config.symbols);
  let group: Candle[] = [];
  let yieldedAt = Date.now();
  assertNotCancelled(signal);
  for await (const item of history.candles(signal)) {
    assertNotCancelled(signal);
    if (Date.now() - yieldedAt > YIELD_EVERY_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      yieldedAt = Date.now();
    }
    const candles = Array.isArray(item) ? (item as readonly Candle[]) : [item as Candle];
    for (const candle of candles) {
      assertExpected(candle, config, symbols);
      const ts = group[0]?.ts;
      if (ts !== undefined && candle.ts < ts)
        throw new BacktestError(
          'CANDLES_INVALID',
          `Candle ${candle.symbol} ${shownTime(candle.ts)} comes after one of ${shownTime(ts)}`,
        );
      if (ts !== undefined && candle.ts > ts) {
        yield ordered(group);
        group = [];
      }
      group.push(candle);
    }
  }
  assertNotCancelled(signal);
  if (group.length > 0) yield ordered(group);
}

/** @throws `RUN_CANCELLED` once the signal has aborted. */
function assertNotCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new BacktestError('RUN_CANCELLED', 'The run was stopped before its last candle', {
      cause: signal.reason,
    });
}

function assertExpected(candle: Candle, config: ResolvedConfig, symbols: Set<string>): void {
  if (!symbols.has(candle.symbol))
    throw new BacktestError(
      'CANDLES_INVALID',
      `A candle of ${JSON.stringify(candle.symbol)} was handed to a run without that symbol`,
    );
  if (candle.ts < config.from || candle.ts >= config.to)
    throw new BacktestError(
      'CANDLES_INVALID',
      `Candle ${candle.symbol} ${shownTime(candle.ts)} is outside ${shownTime(config.from)} to ${shownTime(config.to)}`,
    );
  assertCandle(candle);
}

function ordered(group: Candle[]): CandleGroup {
  // By code unit, not by locale: the same on every machine.
  group.sort((a, b) => (a.symbol < b.symbol ? -1 : a.symbol > b.symbol ? 1 : 0));
  for (let at = 1; at < group.length; at += 1) {
    const candle = group[at]!;
    if (candle.symbol === group[at - 1]!.symbol)
      throw new BacktestError(
        'CANDLES_INVALID',
        `Candle ${candle.symbol} ${shownTime(candle.ts)} is there twice`,
      );
  }
  return group;
}
