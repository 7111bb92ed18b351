import type { RunHistory, RunInput } from '@tb/backtest';
import type { Candle } from '@tb/schema';

export const MINUTE = 60_000_000_000n;
/** 2026-02-02 03:45 UTC, 09:15 in India. */
export const OPEN = 1_770_003_900_000_000_000n;

/** Minute `at` of the test day; the prices are open, high, low, close. */
export function candle(
  at: number,
  prices: readonly [number, number, number, number],
  symbol = 'A',
): Candle {
  const [open, high, low, close] = prices;
  return { symbol, ts: OPEN + BigInt(at) * MINUTE, open, high, low, close, volume: 100 };
}

/** Candles that open, trade and close at one price. */
export function flat(prices: readonly number[], symbol = 'A'): Candle[] {
  return prices.map((price, at) => candle(at, [price, price, price, price], symbol));
}

export const INPUT: RunInput = {
  path: 'market_data/nse/candles/1m/2026-02-02.duckdb',
  sha256: 'a'.repeat(64),
  tradingDate: '2026-02-02',
  revision: 1,
};

export function historyOf(
  candles: readonly Candle[],
  inputs: readonly RunInput[] = [INPUT],
): RunHistory {
  return {
    inputs,
    async *candles() {
      for (let at = 0; at < candles.length; at += 100) yield candles.slice(at, at + 100);
    },
  };
}

/** A walk of `count` minutes for each symbol, from a seed: sine waves with noise, prices above 0. */
export function walk(
  symbols: readonly string[],
  count: number,
  random: () => number,
  days = 1,
): Candle[] {
  const last = new Map(symbols.map((symbol, at) => [symbol, 100 + at * 10]));
  const candles: Candle[] = [];
  for (let day = 0; day < days; day += 1)
    for (let at = 0; at < count; at += 1)
      for (const symbol of symbols) {
        const open = last.get(symbol)! * (1 + (random() - 0.5) * 0.004);
        const close = open * (1 + (random() - 0.5) * 0.01);
        const high = Math.max(open, close) * (1 + random() * 0.003);
        const low = Math.min(open, close) * (1 - random() * 0.003);
        last.set(symbol, close);
        candles.push(candle(day * 1440 + at, [open, high, low, close], symbol));
      }
  return candles;
}
