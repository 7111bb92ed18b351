import {
  add,
  compare,
  type Decimal,
  multiply,
  negate,
  proportion,
  sign,
  subtract,
  ZERO,
} from './decimal.ts';

/** What is held of one symbol by one strategy. */
export interface Position {
  /** Negative when short. */
  readonly quantity: Decimal;
  /** What the open quantity was bought for; negative when short. */
  readonly cost: Decimal;
  /** Of what was closed, before fees. */
  readonly realisedPnl: Decimal;
  readonly fees: Decimal;
}

export const FLAT: Position = { quantity: ZERO, cost: ZERO, realisedPnl: ZERO, fees: ZERO };

/** A part of a cost may not be a finite decimal (10 for 3, one sold): rounded half to even here, at the least. */
const COST_SCALE = 12;

/**
 * The position after a fill, by average cost. Closing takes the proportional part of the cost; what goes beyond the open
 * quantity opens the other side at the price of the fill.
 *
 * `realisedPnl - cost` is the sum of all cash flows, exactly: rounding moves money between the two, and never makes or
 * loses any.
 */
export function positionAfterFill(
  before: Position,
  fill: {
    readonly side: 'buy' | 'sell';
    readonly quantity: Decimal;
    readonly price: Decimal;
    readonly fee: Decimal;
  },
): Position {
  const change = fill.side === 'buy' ? fill.quantity : negate(fill.quantity);
  const fees = add(before.fees, fill.fee);
  const isOpening = sign(before.quantity) === 0 || sign(before.quantity) === sign(change);
  if (isOpening)
    return {
      ...before,
      fees,
      quantity: add(before.quantity, change),
      cost: add(before.cost, multiply(change, fill.price)),
    };
  const open = sign(before.quantity) < 0 ? negate(before.quantity) : before.quantity;
  const isBeyond = compare(fill.quantity, open) > 0;
  const closing = isBeyond ? open : fill.quantity;
  const closed = sign(before.quantity) < 0 ? negate(closing) : closing;
  const costPart =
    compare(closing, open) === 0
      ? before.cost
      : proportion(before.cost, closing, open, Math.max(before.cost.scale, COST_SCALE));
  const pnl = subtract(multiply(closed, fill.price), costPart);
  const rest = add(before.quantity, change);
  return {
    quantity: rest,
    cost: isBeyond ? multiply(rest, fill.price) : subtract(before.cost, costPart),
    realisedPnl: add(before.realisedPnl, pnl),
    fees,
  };
}
