import { feeOf } from './fees.ts';
import type { Fill, Order, RejectReason } from './order.ts';
import { PositionBook } from './position-book.ts';
import type { ResolvedConfig } from './run-config.ts';
import type { OpenPosition, Trade } from './trade.ts';

// A strategy that spends or sells all it has must not be refused for the last bit of a product.
const TOLERANCE = 1e-9;

/** Cash and positions of a run. `equity = cash + sum of quantity * market price`, always. */
export class Portfolio {
  cash: number;
  /** Money paid so far. */
  fees: number = 0;
  #tradeCount = 0;
  readonly #config: ResolvedConfig;
  readonly #books: ReadonlyMap<string, PositionBook>;

  constructor(config: ResolvedConfig) {
    this.#config = config;
    this.cash = config.startingCash;
    this.#books = new Map(config.symbols.map((symbol) => [symbol, new PositionBook(symbol)]));
  }

  /** Summed in the order of the symbols, so that the last bit is the same in every run. */
  get equity(): number {
    let equity = this.cash;
    for (const book of this.#books.values()) equity += book.value;
    return equity;
  }

  get isFlat(): boolean {
    for (const book of this.#books.values()) if (book.quantity !== 0) return false;
    return true;
  }

  find(symbol: string): PositionBook | undefined {
    return this.#books.get(symbol);
  }

  mark(symbol: string, price: number): void {
    this.#book(symbol).marketPrice = price;
  }

  /** What an execution of the order at this price would be. */
  fillOf(order: Order, price: number, ts: bigint): Fill {
    const { orderId, symbol, side, quantity } = order;
    const fee = feeOf(this.#config.fees, quantity, price);
    return { orderId, ts, symbol, side, quantity, price, fee };
  }

  /**
   * Why a fill is refused, or undefined. What only reduces a position always passes; what opens or turns one must leave
   * gross exposure within `leverage` times equity, both after the fill and its fee, the symbol valued at the fill price.
   */
  refusalOf(fill: Fill): RejectReason | undefined {
    const book = this.#book(fill.symbol);
    const signed = fill.side === 'buy' ? fill.quantity : -fill.quantity;
    const exact = book.quantity + signed;
    const after = Math.abs(exact) <= TOLERANCE * fill.quantity ? 0 : exact;
    if (Math.abs(after) <= Math.abs(book.quantity) && after * book.quantity >= 0) return undefined;
    if (after < 0 && !this.#config.allowShort) return 'SHORT_NOT_ALLOWED';
    let gross = Math.abs(after * fill.price);
    let equity = this.cash - signed * fill.price - fill.fee + after * fill.price;
    for (const other of this.#books.values()) {
      if (other === book) continue;
      gross += Math.abs(other.value);
      equity += other.value;
    }
    const limit = this.#config.leverage * equity;
    return gross <= limit + Math.abs(limit) * TOLERANCE ? undefined : 'INSUFFICIENT_FUNDS';
  }

  /** Moves cash and position. @returns The round trips that the fill closed. */
  apply(fill: Fill): Trade[] {
    const signed = fill.side === 'buy' ? fill.quantity : -fill.quantity;
    this.cash -= signed * fill.price + fill.fee;
    this.fees += fill.fee;
    return this.#book(fill.symbol)
      .apply(fill)
      .map((trade) => {
        this.#tradeCount += 1;
        return { tradeId: this.#tradeCount, ...trade };
      });
  }

  openPositions(): OpenPosition[] {
    return [...this.#books.values()].flatMap((book) => book.open() ?? []);
  }

  #book(symbol: string): PositionBook {
    const book = this.#books.get(symbol);
    if (!book) throw new RangeError(`Symbol ${JSON.stringify(symbol)} is not of this run`);
    return book;
  }
}
