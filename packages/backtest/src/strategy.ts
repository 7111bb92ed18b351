import type { Candle } from '@tb/schema';
import { BacktestError } from './errors.ts';
import type { Fill, Order, OrderRequest } from './order.ts';
import type { ParameterSchema, ParameterValues } from './parameters.ts';

/** A position as the strategy sees it. */
export interface Position {
  /** Units; negative when short, 0 when flat. */
  readonly quantity: number;
  /** Average price of the open quantity, fees excluded; NaN when flat. */
  readonly averagePrice: number;
  /** Close of the newest candle of the symbol; NaN before its first. */
  readonly marketPrice: number;
}

/** What a strategy may see and do. Nothing in it knows a candle that has not closed. */
export interface StrategyContext {
  /** Ascending. */
  readonly symbols: readonly string[];
  readonly timeframe: string;
  /** START of the candles being handled, ns UTC; `from` of the run before the first. */
  readonly ts: bigint;
  readonly cash: number;
  /** Cash plus positions at their market price. */
  readonly equity: number;
  position(symbol: string): Position;
  /** Orders not final yet, oldest first. */
  workingOrders(symbol?: string): readonly Order[];
  /**
   * Takes an order; it can fill at the NEXT candle of its symbol at the earliest.
   * @returns The order: `working`, or `rejected` with its reason. A side or type that does not exist is a TypeError.
   */
  submit(request: OrderRequest): Order;
  /** @returns false when there is no such working order. */
  cancel(orderId: number): boolean;
  /** In [0, 1), from the seed of the run: the same sequence in every run. Use no other source of chance. */
  random(): number;
}

/** One run of a strategy, with its state. Every method is called by the event loop, one at a time, and must be synchronous. */
export interface Strategy {
  onStart?(context: StrategyContext): void;
  /** After the candle has closed and every symbol of the same time was marked, symbols ascending. */
  onCandle(context: StrategyContext, candle: Candle): void;
  /** Right after an execution, before the candle that filled it is shown: other symbols still have the price of their candle before. */
  onFill?(context: StrategyContext, fill: Fill): void;
  onEnd?(context: StrategyContext): void;
}

/** A strategy by name. `create` is called once a run: state never passes from one run to another. */
export interface StrategyDefinition {
  /** Lower case, e.g. `sma-cross`. */
  readonly id: string;
  /** Change it whenever the same parameters may give other orders: it is part of the fingerprint. */
  readonly version: string;
  readonly description: string;
  readonly parameters: ParameterSchema;
  /** @param parameters Checked against the schema, every name present. May throw `PARAMETER_INVALID`. */
  create(parameters: ParameterValues): Strategy;
}

const ID = /^[a-z][a-z0-9._-]{0,63}$/;

/**
 * Checks what a module exported as its strategy.
 * @throws `STRATEGY_UNKNOWN` when it lacks a part, with the part that is missing.
 */
export function assertStrategyDefinition(value: unknown): asserts value is StrategyDefinition {
  const given = value as Partial<Record<keyof StrategyDefinition, unknown>> | null | undefined;
  const fault = (rule: string): never => {
    throw new BacktestError('STRATEGY_UNKNOWN', `A strategy needs ${rule}`);
  };
  if (typeof given !== 'object' || given === null) return fault('to be an object');
  if (typeof given.id !== 'string' || !ID.test(given.id))
    fault('an id of a-z, 0-9, dot, dash and underscore, at most 64, starting with a letter');
  if (typeof given.version !== 'string' || given.version === '') fault('a version text');
  if (typeof given.parameters !== 'object' || given.parameters === null)
    fault('parameters: an object, which may be empty');
  if (typeof given.create !== 'function') fault('a function create(parameters)');
}

/** @throws `STRATEGY_UNKNOWN`, naming those there are. */
export function getStrategy(
  id: string,
  strategies: readonly StrategyDefinition[],
): StrategyDefinition {
  const found = strategies.find((strategy) => strategy.id === id);
  if (found) return found;
  throw new BacktestError(
    'STRATEGY_UNKNOWN',
    `Strategy ${JSON.stringify(id.slice(0, 60))} is unknown; there are: ${strategies.map((strategy) => strategy.id).join(', ')}`,
  );
}
