import type { TradingDatabase } from '@tb/schema';

export type OrderState = TradingDatabase['orders']['state'];

/** States after which an order can only learn of fills that were under way. */
const FINAL: readonly OrderState[] = ['filled', 'cancelled', 'rejected', 'expired'];

const NEXT: Readonly<Record<OrderState, readonly OrderState[]>> = {
  new: ['submitted', 'accepted', 'cancelled', 'rejected', 'expired'],
  submitted: ['accepted', 'cancelled', 'rejected', 'expired'],
  accepted: ['cancelled', 'rejected', 'expired'],
  partially_filled: ['cancelled', 'expired'],
  filled: [],
  cancelled: [],
  rejected: [],
  expired: [],
};

/** Whether `updateOrder` may make this change. Fills are not among them: `recordFill` makes those. */
export function canBecome(from: OrderState, to: OrderState): boolean {
  return from === to || NEXT[from].includes(to);
}

/**
 * The state after a fill. A fill that crossed a cancel on the wire leaves the order cancelled, unless it is filled by it.
 */
export function stateAfterFill(from: OrderState, isComplete: boolean): OrderState {
  if (isComplete) return 'filled';
  return FINAL.includes(from) ? from : 'partially_filled';
}
