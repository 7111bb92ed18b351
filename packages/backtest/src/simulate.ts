import type { Candle } from '@tb/schema';
import { shownTime } from './candle-check.ts';
import { type CandleGroup, groupCandles } from './candle-groups.ts';
import { BacktestError } from './errors.ts';
import { priceAtOpen, priceInside } from './matching.ts';
import type { Order } from './order.ts';
import { OrderDesk } from './order-desk.ts';
import { Portfolio } from './portfolio.ts';
import type { ResolvedConfig } from './run-config.ts';
import type { RunHistory } from './run-history.ts';
import { contextOf, type Moment } from './simulation-context.ts';
import type { Strategy, StrategyContext } from './strategy.ts';
import type { OpenPosition, Trade } from './trade.ts';

/** State of the account at the close of the candles that start at `ts`. */
export interface EquityPoint {
  readonly ts: bigint;
  readonly equity: number;
  readonly cash: number;
  /** Fraction below the highest equity so far, the starting cash included; <= 0. */
  readonly drawdown: number;
  readonly isFlat: boolean;
}

/** Where a simulation puts what happens, in the order in which it happens. */
export interface SimulationSink {
  /** Each order once, when it is final. */
  order(order: Order): void;
  trade(trade: Trade): void;
  equity(point: EquityPoint): void;
  /** Called after every `ts`; a promise is awaited, so that a slow disk slows the simulation and not the memory. */
  drain?(): Promise<void> | undefined;
}

export interface SimulationResult {
  readonly candles: number;
  readonly openPositions: readonly OpenPosition[];
  /** Money. */
  readonly fees: number;
}

/**
 * Runs a strategy over candles. One step per `ts`:
 * 1. orders of earlier candles execute: at the open first, all symbols, then inside the candle, stops before limits;
 * 2. every symbol is marked at its close, and the equity is recorded;
 * 3. the strategy is shown the closed candles, symbols ascending. What it orders fills at a later candle, never at these.
 *
 * @param strategy Fresh from `create`: its state is that of this run.
 * @throws `CANDLES_INVALID`, `STRATEGY_FAILED`, `RUN_CANCELLED`
 */
export async function simulate(
  strategy: Strategy,
  config: ResolvedConfig,
  history: RunHistory,
  sink: SimulationSink,
  signal?: AbortSignal,
): Promise<SimulationResult> {
  const portfolio = new Portfolio(config);
  const desk = new OrderDesk(config, (order) => sink.order(order));
  const moment: Moment = { ts: config.from };
  const context = contextOf(config, portfolio, desk, moment);
  const loop = new EventLoop(portfolio, desk, strategy, context, moment, config.slippage, sink);
  let candles = 0;
  let highest = config.startingCash;
  guarded('onStart', moment, () => strategy.onStart?.(context));
  for await (const group of groupCandles(history, config, signal)) {
    candles += group.length;
    moment.ts = group[0]!.ts;
    loop.execute(group);
    for (const candle of group) portfolio.mark(candle.symbol, candle.close);
    const { equity, cash, isFlat } = portfolio;
    highest = Math.max(highest, equity);
    sink.equity({ ts: moment.ts, equity, cash, drawdown: (equity - highest) / highest, isFlat });
    for (const candle of group)
      guarded('onCandle', moment, () => strategy.onCandle(context, candle));
    await sink.drain?.();
  }
  guarded('onEnd', moment, () => strategy.onEnd?.(context));
  desk.expireAll();
  return { candles, openPositions: portfolio.openPositions(), fees: portfolio.fees };
}

/** Executes the working orders against the candles of one `ts`. */
class EventLoop {
  readonly #portfolio: Portfolio;
  readonly #desk: OrderDesk;
  readonly #strategy: Strategy;
  readonly #context: StrategyContext;
  readonly #moment: Moment;
  readonly #slippage: number;
  readonly #sink: SimulationSink;

  constructor(
    portfolio: Portfolio,
    desk: OrderDesk,
    strategy: Strategy,
    context: StrategyContext,
    moment: Moment,
    slippage: number,
    sink: SimulationSink,
  ) {
    this.#portfolio = portfolio;
    this.#desk = desk;
    this.#strategy = strategy;
    this.#context = context;
    this.#moment = moment;
    this.#slippage = slippage;
    this.#sink = sink;
  }

  execute(group: CandleGroup): void {
    // Taken before anything executes: an order that onFill submits waits for the next candle.
    const due = group.map((candle) => ({ candle, orders: this.#desk.working(candle.symbol) }));
    for (const { candle, orders } of due)
      for (const order of orders)
        this.#try(order, candle, priceAtOpen(order, candle, this.#slippage));
    for (const { candle, orders } of due)
      for (const type of ['stop', 'limit'] as const)
        for (const order of orders)
          if (order.type === type)
            this.#try(order, candle, priceInside(order, candle, this.#slippage));
  }

  #try(order: Order, candle: Candle, price: number | undefined): void {
    // Filled at the open already, or cancelled by onFill of another order.
    if (price === undefined || !this.#desk.isWorking(order)) return;
    const fill = this.#portfolio.fillOf(order, price, candle.ts);
    const reason = this.#portfolio.refusalOf(fill);
    if (reason !== undefined) {
      this.#desk.settle(order, 'rejected', { reason });
      return;
    }
    const trades = this.#portfolio.apply(fill);
    this.#desk.settle(order, 'filled', { fillTs: fill.ts, fillPrice: price, fee: fill.fee });
    for (const trade of trades) this.#sink.trade(trade);
    guarded('onFill', this.#moment, () => this.#strategy.onFill?.(this.#context, fill));
  }
}

/** @throws `STRATEGY_FAILED` for whatever the strategy throws, and when it returns a promise: it would run out of order. */
function guarded<T>(method: string, moment: Moment, call: () => T): T {
  let result: T;
  try {
    result = call();
  } catch (error) {
    throw new BacktestError(
      'STRATEGY_FAILED',
      `Strategy threw in ${method} at ${shownTime(moment.ts)}: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (typeof (result as { then?: unknown } | undefined)?.then === 'function')
    throw new BacktestError(
      'STRATEGY_FAILED',
      `Strategy returned a promise from ${method}: its methods are synchronous`,
    );
  return result;
}
