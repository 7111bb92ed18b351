/** One round trip: a quantity that was opened and closed. First opened, first closed. */
export interface Trade {
  /** 1, 2, ... in the order of closing. */
  readonly tradeId: number;
  readonly symbol: string;
  readonly side: 'long' | 'short';
  readonly quantity: number;
  /** START of the candle of the fill, ns UTC. */
  readonly entryTs: bigint;
  readonly entryPrice: number;
  readonly exitTs: bigint;
  readonly exitPrice: number;
  /** Money: this quantity's share of the fees of both fills. */
  readonly fees: number;
  /** Money, after fees. */
  readonly pnl: number;
}

/** A position that is open when the run ends. */
export interface OpenPosition {
  readonly symbol: string;
  /** Negative when short. */
  readonly quantity: number;
  readonly averagePrice: number;
  readonly marketPrice: number;
  /** Money, before fees. */
  readonly unrealisedPnl: number;
  /** Money paid to open what is still open. */
  readonly fees: number;
}
