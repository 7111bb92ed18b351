import type { Fill } from './order.ts';
import type { OpenPosition, Trade } from './trade.ts';

/** What is open of one fill. */
interface Lot {
  quantity: number;
  fee: number;
  readonly price: number;
  readonly ts: bigint;
}

// Sums of the same quantities in another order differ in the last bits: that is no position.
const QUANTITY_TOLERANCE = 1e-12;

/** The open lots of one symbol, first in, first out, all on one side. */
export class PositionBook {
  readonly symbol: string;
  /** Units, negative when short. */
  quantity: number = 0;
  /** NaN before the first candle. */
  marketPrice: number = Number.NaN;
  #lots: Lot[] = [];
  #direction: 1 | -1 = 1;

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  /** NaN when flat. */
  get averagePrice(): number {
    let value = 0;
    let quantity = 0;
    for (const lot of this.#lots) {
      value += lot.quantity * lot.price;
      quantity += lot.quantity;
    }
    return value / quantity;
  }

  get value(): number {
    return this.quantity === 0 ? 0 : this.quantity * this.marketPrice;
  }

  /**
   * Applies a fill: closes opposite lots, oldest first, and opens a lot with what remains.
   * @returns The round trips that it closed.
   */
  apply(fill: Fill): Omit<Trade, 'tradeId'>[] {
    const direction = fill.side === 'buy' ? 1 : -1;
    const trades: Omit<Trade, 'tradeId'>[] = [];
    let remaining = fill.quantity;
    while (remaining > 0 && this.#lots.length > 0 && direction !== this.#direction) {
      const lot = this.#lots[0]!;
      const same = Math.abs(remaining - lot.quantity) <= QUANTITY_TOLERANCE * fill.quantity;
      const quantity = same ? lot.quantity : Math.min(remaining, lot.quantity);
      trades.push(this.#close(lot, quantity, fill));
      remaining = same ? 0 : remaining - quantity;
    }
    if (remaining > 0) {
      this.#direction = direction;
      const fee = (fill.fee * remaining) / fill.quantity;
      this.#lots.push({ quantity: remaining, fee, price: fill.price, ts: fill.ts });
    }
    this.quantity = this.#lots.reduce((sum, lot) => sum + lot.quantity, 0) * this.#direction || 0;
    this.marketPrice = fill.price;
    return trades;
  }

  /** undefined when flat. */
  open(): OpenPosition | undefined {
    if (this.quantity === 0) return undefined;
    const { symbol, quantity, averagePrice, marketPrice } = this;
    const unrealisedPnl = quantity * (marketPrice - averagePrice) + 0; // never -0
    const fees = this.#lots.reduce((sum, lot) => sum + lot.fee, 0);
    return { symbol, quantity, averagePrice, marketPrice, unrealisedPnl, fees };
  }

  #close(lot: Lot, quantity: number, fill: Fill): Omit<Trade, 'tradeId'> {
    const openingFee = quantity === lot.quantity ? lot.fee : (lot.fee * quantity) / lot.quantity;
    const fees = openingFee + (fill.fee * quantity) / fill.quantity;
    const side = this.#direction === 1 ? 'long' : 'short';
    const pnl = this.#direction * (fill.price - lot.price) * quantity - fees;
    lot.quantity -= quantity;
    lot.fee -= openingFee;
    if (lot.quantity === 0) this.#lots.shift();
    return {
      symbol: this.symbol,
      side,
      quantity,
      entryTs: lot.ts,
      entryPrice: lot.price,
      exitTs: fill.ts,
      exitPrice: fill.price,
      fees,
      pnl,
    };
  }
}
