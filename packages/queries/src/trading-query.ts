import type { ExecutionLogRow, OrderRow, PositionRow, TradeRow, TradingDatabase } from '@tb/schema';
import type { Kysely, Selectable } from 'kysely';
import {
  add,
  type Decimal,
  formatDecimal,
  multiply,
  parseDecimal,
  subtract,
  ZERO,
} from './decimal.ts';

export type Order = Selectable<OrderRow>;
export type Fill = Selectable<TradeRow>;
export type Position = Selectable<PositionRow>;
export type ExecutionLogEntry = Selectable<ExecutionLogRow>;

export type OrderState = Order['state'];

/** States in which an order may still be filled. */
export const OPEN_STATES: readonly OrderState[] = [
  'new',
  'submitted',
  'accepted',
  'partially_filled',
];

export interface OrderFilter {
  readonly states?: readonly OrderState[] | undefined;
  readonly exchange?: string | undefined;
  readonly symbol?: string | undefined;
  readonly strategyId?: string | undefined;
  readonly signalId?: string | undefined;
  /** `created_at` in `[from, to)`, ns UTC. */
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
  readonly limit?: number | undefined;
}

export interface FillFilter {
  readonly exchange?: string | undefined;
  readonly symbol?: string | undefined;
  readonly clientOrderId?: string | undefined;
  readonly strategyId?: string | undefined;
  readonly signalId?: string | undefined;
  /** `ts` in `[from, to)`, ns UTC. */
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
  readonly limit?: number | undefined;
}

export interface PositionFilter {
  readonly exchange?: string | undefined;
  readonly symbol?: string | undefined;
  readonly strategyId?: string | undefined;
  /** Default false: positions of quantity 0 are left out. */
  readonly includeFlat?: boolean | undefined;
}

/** What a position is worth now. */
export interface Mark {
  readonly exchange: string;
  readonly symbol: string;
  /** Exact decimal. */
  readonly price: string;
}

/** Exact decimals, in the currency of the exchange; positions of exchanges with other currencies are not to be mixed. */
export interface Pnl {
  /** Before fees. */
  readonly realised: string;
  readonly fees: string;
  /** quantity x mark - cost, over the open positions that have a mark. */
  readonly unrealised: string;
  /** realised + unrealised - fees. */
  readonly net: string;
  /** Open positions without a mark: not in `unrealised`. */
  readonly unmarked: readonly Position[];
}

/**
 * Reads of the trading database, on any handle of Kysely: a read handle of the manager, or a transaction. Rows have the
 * column names of the schema; integers are bigint, money is exact decimal text and is added as such, never in SQL.
 */
export class TradingQuery {
  readonly #db: Kysely<TradingDatabase>;

  constructor(db: Kysely<TradingDatabase>) {
    this.#db = db;
  }

  async order(clientOrderId: string): Promise<Order | undefined> {
    return this.#db
      .selectFrom('orders')
      .selectAll()
      .where('client_order_id', '=', clientOrderId)
      .executeTakeFirst();
  }

  /** Oldest first. */
  async orders(filter: OrderFilter = {}): Promise<Order[]> {
    let query = this.#db.selectFrom('orders').selectAll();
    if (filter.states) query = query.where('state', 'in', filter.states);
    if (filter.exchange !== undefined) query = query.where('exchange', '=', filter.exchange);
    if (filter.symbol !== undefined) query = query.where('symbol', '=', filter.symbol);
    if (filter.strategyId !== undefined) query = query.where('strategy_id', '=', filter.strategyId);
    if (filter.signalId !== undefined) query = query.where('signal_id', '=', filter.signalId);
    if (filter.from !== undefined) query = query.where('created_at', '>=', filter.from);
    if (filter.to !== undefined) query = query.where('created_at', '<', filter.to);
    if (filter.limit !== undefined) query = query.limit(BigInt(filter.limit));
    return query.orderBy('created_at').orderBy('client_order_id').execute();
  }

  /** Orders that may still be filled, oldest first: what a restart has to reconcile. */
  async openOrders(filter: Omit<OrderFilter, 'states'> = {}): Promise<Order[]> {
    return this.orders({ ...filter, states: OPEN_STATES });
  }

  /** Oldest first. */
  async fills(filter: FillFilter = {}): Promise<Fill[]> {
    let query = this.#db.selectFrom('trades').selectAll();
    if (filter.exchange !== undefined) query = query.where('exchange', '=', filter.exchange);
    if (filter.symbol !== undefined) query = query.where('symbol', '=', filter.symbol);
    if (filter.clientOrderId !== undefined)
      query = query.where('client_order_id', '=', filter.clientOrderId);
    if (filter.strategyId !== undefined) query = query.where('strategy_id', '=', filter.strategyId);
    if (filter.signalId !== undefined) query = query.where('signal_id', '=', filter.signalId);
    if (filter.from !== undefined) query = query.where('ts', '>=', filter.from);
    if (filter.to !== undefined) query = query.where('ts', '<', filter.to);
    if (filter.limit !== undefined) query = query.limit(BigInt(filter.limit));
    return query.orderBy('ts').orderBy('exchange').orderBy('trade_id').execute();
  }

  /** By exchange, symbol, strategy. */
  async positions(filter: PositionFilter = {}): Promise<Position[]> {
    let query = this.#db.selectFrom('positions').selectAll();
    if (filter.exchange !== undefined) query = query.where('exchange', '=', filter.exchange);
    if (filter.symbol !== undefined) query = query.where('symbol', '=', filter.symbol);
    if (filter.strategyId !== undefined) query = query.where('strategy_id', '=', filter.strategyId);
    const rows = await query.orderBy('exchange').orderBy('symbol').orderBy('strategy_id').execute();
    return filter.includeFlat ? rows : rows.filter((row) => !isFlat(row));
  }

  /**
   * Profit and loss over positions, exact to the last digit.
   * @param marks Prices of open positions; those without one are listed, not guessed.
   */
  async pnl(
    marks: readonly Mark[],
    filter: Omit<PositionFilter, 'includeFlat'> = {},
  ): Promise<Pnl> {
    const prices = new Map(marks.map((mark) => [keyOf(mark), parseDecimal(mark.price, 'A mark')]));
    let [realised, fees, unrealised] = [ZERO, ZERO, ZERO];
    const unmarked: Position[] = [];
    for (const row of await this.positions({ ...filter, includeFlat: true })) {
      realised = add(realised, parseDecimal(row.realised_pnl, 'positions.realised_pnl'));
      fees = add(fees, parseDecimal(row.fees, 'positions.fees'));
      if (isFlat(row)) continue;
      const price = prices.get(keyOf(row));
      if (price) unrealised = add(unrealised, openPnl(row, price));
      else unmarked.push(row);
    }
    return {
      realised: formatDecimal(realised),
      fees: formatDecimal(fees),
      unrealised: formatDecimal(unrealised),
      net: formatDecimal(subtract(add(realised, unrealised), fees)),
      unmarked,
    };
  }

  /** Whether any order, in whatever state, or any fill came from the signal: ask before sending a second one. */
  async isSignalActedOn(signalId: string): Promise<boolean> {
    const order = await this.#db
      .selectFrom('orders')
      .select('client_order_id')
      .where('signal_id', '=', signalId)
      .limit(1n)
      .executeTakeFirst();
    if (order) return true;
    const fill = await this.#db
      .selectFrom('trades')
      .select('trade_id')
      .where('signal_id', '=', signalId)
      .limit(1n)
      .executeTakeFirst();
    return fill !== undefined;
  }

  /** What happened to an order, in the order in which it was written. */
  async executionLog(clientOrderId: string): Promise<ExecutionLogEntry[]> {
    return this.#db
      .selectFrom('execution_log')
      .selectAll()
      .where('client_order_id', '=', clientOrderId)
      .orderBy('id')
      .execute();
  }
}

function keyOf(of: { readonly exchange: string; readonly symbol: string }): string {
  return JSON.stringify([of.exchange, of.symbol]);
}

function isFlat(position: Position): boolean {
  return parseDecimal(position.quantity, 'positions.quantity').digits === 0n;
}

function openPnl(position: Position, price: Decimal): Decimal {
  const quantity = parseDecimal(position.quantity, 'positions.quantity');
  return subtract(multiply(quantity, price), parseDecimal(position.cost, 'positions.cost'));
}
