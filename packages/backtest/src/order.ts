export type Side = 'buy' | 'sell';
export type OrderType = 'market' | 'limit' | 'stop';

/**
 * `working` until the candle that fills it; the others are final. `expired`: still working when the run ended.
 * `rejected` has its reason in `Order.reason`.
 */
export type OrderState = 'working' | 'filled' | 'cancelled' | 'rejected' | 'expired';

export type RejectReason =
  | 'BAD_QUANTITY'
  | 'BAD_PRICE'
  | 'UNKNOWN_SYMBOL'
  | 'SHORT_NOT_ALLOWED'
  | 'INSUFFICIENT_FUNDS';

interface OrderCommon {
  readonly symbol: string;
  readonly side: Side;
  /** Units of the instrument, above 0. */
  readonly quantity: number;
}

/** What a strategy asks for. Orders are good until filled or cancelled; there are no partial fills. */
export type OrderRequest =
  | (OrderCommon & { readonly type: 'market' })
  | (OrderCommon & { readonly type: 'limit'; readonly limitPrice: number })
  | (OrderCommon & { readonly type: 'stop'; readonly stopPrice: number });

/** An order and what became of it. */
export interface Order {
  /** 1, 2, ... in the order of submission. */
  readonly orderId: number;
  /**
   * START of the candle whose close decided the order, ns UTC: a fill is always at a later candle. For an order of
   * `onStart` it is `from` of the run, and the first candle may fill it.
   */
  readonly ts: bigint;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly quantity: number;
  readonly limitPrice: number | undefined;
  readonly stopPrice: number | undefined;
  readonly state: OrderState;
  /** START of the candle that filled it, ns UTC. */
  readonly fillTs: bigint | undefined;
  /** Slippage included, fee not. */
  readonly fillPrice: number | undefined;
  /** Money, 0 unless filled. */
  readonly fee: number;
  readonly reason: RejectReason | undefined;
}

/** One execution: the whole quantity of its order. */
export interface Fill {
  readonly orderId: number;
  readonly ts: bigint;
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: number;
  readonly price: number;
  readonly fee: number;
}
