import type { Candle } from '@tb/schema';
import type { Order, Side } from './order.ts';

/**
 * Price at which an order executes on the first trade of a candle, or undefined.
 * A limit that the open has passed fills at the open, which is better; a stop that the open has passed fills at the
 * open, which is worse: that is the gap. Market and stop orders pay slippage, limit orders never do.
 */
export function priceAtOpen(order: Order, candle: Candle, slippage: number): number | undefined {
  const { open } = candle;
  if (order.type === 'market') return slipped(open, order.side, slippage);
  if (order.type === 'limit')
    return isBuy(order) ? atMost(open, order.limitPrice) : atLeast(open, order.limitPrice);
  const passed = isBuy(order) ? atLeast(open, order.stopPrice) : atMost(open, order.stopPrice);
  return passed === undefined ? undefined : slipped(open, order.side, slippage);
}

/**
 * Price at which an order that did not fill at the open executes within the candle, or undefined. A touch fills.
 * What came first inside a candle is unknown: the event loop tries stops before limits, the worse of the two.
 */
export function priceInside(order: Order, candle: Candle, slippage: number): number | undefined {
  if (order.type === 'limit' && order.limitPrice !== undefined) {
    const touched = isBuy(order) ? candle.low <= order.limitPrice : candle.high >= order.limitPrice;
    return touched ? order.limitPrice : undefined;
  }
  if (order.type === 'stop' && order.stopPrice !== undefined) {
    const touched = isBuy(order) ? candle.high >= order.stopPrice : candle.low <= order.stopPrice;
    return touched ? slipped(order.stopPrice, order.side, slippage) : undefined;
  }
  return undefined;
}

/** Worse by a fraction of the price; of its magnitude, so that it is worse below zero too. */
function slipped(price: number, side: Side, slippage: number): number {
  const cost = Math.abs(price) * slippage;
  return side === 'buy' ? price + cost : price - cost;
}

function isBuy(order: Order): boolean {
  return order.side === 'buy';
}

function atMost(price: number, bound: number | undefined): number | undefined {
  return bound !== undefined && price <= bound ? price : undefined;
}

function atLeast(price: number, bound: number | undefined): number | undefined {
  return bound !== undefined && price >= bound ? price : undefined;
}
