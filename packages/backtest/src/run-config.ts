import { assertExchange, assertSymbol, parseTimeframe } from '@tb/schema';
import { BacktestError } from './errors.ts';
import { assertFeeSchedule, type FeeSchedule } from './fees.ts';

/** What a run simulates. All of it enters the fingerprint. */
export interface RunConfig {
  readonly exchange: string;
  readonly symbols: readonly string[];
  /** Of the candles that the history gives, e.g. `1m`. */
  readonly timeframe: string;
  /** Half-open, ns UTC. */
  readonly from: bigint;
  readonly to: bigint;
  /** Default 0. From 0, below 2^63. */
  readonly seed?: bigint | undefined;
  /** Money at the start. Default 100,000. */
  readonly startingCash?: number | undefined;
  /** Default: no fees. */
  readonly fees?: FeeSchedule | undefined;
  /** Fraction by which market and stop orders fill worse than the price, from 0, below 1. Default 0. */
  readonly slippage?: number | undefined;
  /** Highest gross exposure after an opening fill, as a multiple of equity. Default 1. */
  readonly leverage?: number | undefined;
  /** Default true. */
  readonly allowShort?: boolean | undefined;
  /** Periods (trading days) in a year, for annualised metrics. Default 252; 365 for markets that never close. */
  readonly periodsPerYear?: number | undefined;
}

/** A config with every default filled in, symbols ascending and once each, the timeframe canonical. */
export interface ResolvedConfig {
  readonly exchange: string;
  readonly symbols: readonly string[];
  readonly timeframe: string;
  readonly from: bigint;
  readonly to: bigint;
  readonly seed: bigint;
  readonly startingCash: number;
  readonly fees: FeeSchedule;
  readonly slippage: number;
  readonly leverage: number;
  readonly allowShort: boolean;
  readonly periodsPerYear: number;
}

const INT64_MAX = 2n ** 63n - 1n;

/** @throws `CONFIG_INVALID` with the rule; `BAD_NAME` of `@tb/schema` for names. */
export function resolveConfig(config: RunConfig): ResolvedConfig {
  const resolved: ResolvedConfig = {
    exchange: config.exchange,
    symbols: [...new Set(config.symbols)].sort(),
    timeframe: parseTimeframe(config.timeframe).text,
    from: config.from,
    to: config.to,
    seed: config.seed ?? 0n,
    startingCash: config.startingCash ?? 100_000,
    fees: config.fees ?? {},
    slippage: config.slippage ?? 0,
    leverage: config.leverage ?? 1,
    allowShort: config.allowShort ?? true,
    periodsPerYear: config.periodsPerYear ?? 252,
  };
  assertExchange(resolved.exchange);
  for (const symbol of resolved.symbols) assertSymbol(symbol);
  assertFeeSchedule(resolved.fees);
  const rules: readonly [boolean, string][] = [
    [resolved.symbols.length > 0, 'A run needs at least one symbol'],
    [
      typeof resolved.from === 'bigint' &&
        typeof resolved.to === 'bigint' &&
        resolved.from < resolved.to,
      `The range from ${resolved.from} to ${resolved.to} is empty: from is before to, both in ns as bigint`,
    ],
    [
      typeof resolved.seed === 'bigint' && resolved.seed >= 0n && resolved.seed <= INT64_MAX,
      `The seed is ${resolved.seed}: it is a bigint from 0, below 2^63`,
    ],
    [isAbove0(resolved.startingCash), `Starting cash is ${resolved.startingCash}: it is above 0`],
    [
      resolved.slippage >= 0 && resolved.slippage < 1,
      `Slippage is ${resolved.slippage}: it is a fraction from 0, below 1`,
    ],
    [isAbove0(resolved.leverage), `Leverage is ${resolved.leverage}: it is above 0`],
    [
      isAbove0(resolved.periodsPerYear),
      `Periods per year are ${resolved.periodsPerYear}: they are above 0`,
    ],
  ];
  for (const [holds, rule] of rules) if (!holds) throw new BacktestError('CONFIG_INVALID', rule);
  return resolved;
}

function isAbove0(value: number): boolean {
  return Number.isFinite(value) && value > 0;
}
