import type { StrategyContext } from '../strategy.ts';

/**
 * Whole units of a symbol that an equal share of `fraction` of the equity buys at its market price; 0 when it buys none,
 * or without a price. A fraction below 1 leaves room for the gap to the next open and for fees.
 */
export function equalShare(context: StrategyContext, symbol: string, fraction: number): number {
  const price = Math.abs(context.position(symbol).marketPrice);
  const units = Math.floor((context.equity * fraction) / context.symbols.length / price);
  return Number.isFinite(units) && units > 0 ? units : 0;
}

/** Orders, at market, the difference between the position and a target quantity. Does nothing when they are equal. */
export function orderTarget(context: StrategyContext, symbol: string, target: number): void {
  const difference = target - context.position(symbol).quantity;
  if (difference === 0) return;
  const side = difference > 0 ? 'buy' : 'sell';
  context.submit({ type: 'market', symbol, side, quantity: Math.abs(difference) });
}
