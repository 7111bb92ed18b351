import type { Order, OrderRequest, OrderState, RejectReason } from './order.ts';
import type { ResolvedConfig } from './run-config.ts';

/** Takes orders and keeps the working ones, by symbol. Every order that becomes final is told once. */
export class OrderDesk {
  #submitted = 0;
  readonly #working: ReadonlyMap<string, Order[]>;
  readonly #onFinal: (order: Order) => void;

  constructor(config: ResolvedConfig, onFinal: (order: Order) => void) {
    this.#working = new Map(config.symbols.map((symbol) => [symbol, []]));
    this.#onFinal = onFinal;
  }

  /** @param ts START of the candle whose close decided the order: only later candles may fill it. */
  submit(request: OrderRequest, ts: bigint): Order {
    this.#submitted += 1;
    const reason = this.#refusalOf(request);
    const order: Order = {
      orderId: this.#submitted,
      ts,
      symbol: String(request.symbol),
      side: request.side,
      type: request.type,
      quantity: request.quantity,
      limitPrice: request.type === 'limit' ? request.limitPrice : undefined,
      stopPrice: request.type === 'stop' ? request.stopPrice : undefined,
      state: reason === undefined ? 'working' : 'rejected',
      fillTs: undefined,
      fillPrice: undefined,
      fee: 0,
      reason,
    };
    if (reason === undefined) this.#working.get(order.symbol)!.push(order);
    else this.#onFinal(order);
    return order;
  }

  /** The working orders of one symbol, or of all, oldest first. A copy: it may change while it is walked. */
  working(symbol?: string): Order[] {
    if (symbol !== undefined) return [...(this.#working.get(symbol) ?? [])];
    return [...this.#working.values()].flat().sort((a, b) => a.orderId - b.orderId);
  }

  isWorking(order: Order): boolean {
    return this.#working.get(order.symbol)?.includes(order) ?? false;
  }

  cancel(orderId: number): boolean {
    const order = this.working().find((candidate) => candidate.orderId === orderId);
    if (!order) return false;
    this.settle(order, 'cancelled');
    return true;
  }

  /** Makes a working order final. */
  settle(
    order: Order,
    state: Exclude<OrderState, 'working'>,
    detail: Partial<Pick<Order, 'fillTs' | 'fillPrice' | 'fee' | 'reason'>> = {},
  ): void {
    const orders = this.#working.get(order.symbol)!;
    orders.splice(orders.indexOf(order), 1);
    this.#onFinal({ ...order, ...detail, state });
  }

  expireAll(): void {
    for (const order of this.working()) this.settle(order, 'expired');
  }

  #refusalOf(request: OrderRequest): RejectReason | undefined {
    if (request.side !== 'buy' && request.side !== 'sell')
      throw new TypeError(`Order side is ${String(request.side)}: it is buy or sell`);
    if (request.type !== 'market' && request.type !== 'limit' && request.type !== 'stop')
      throw new TypeError(
        `Order type is ${String((request as OrderRequest).type)}: it is market, limit or stop`,
      );
    if (!this.#working.has(request.symbol)) return 'UNKNOWN_SYMBOL';
    if (!(Number.isFinite(request.quantity) && request.quantity > 0)) return 'BAD_QUANTITY';
    if (request.type === 'limit' && !Number.isFinite(request.limitPrice)) return 'BAD_PRICE';
    if (request.type === 'stop' && !Number.isFinite(request.stopPrice)) return 'BAD_PRICE';
    return undefined;
  }
}
