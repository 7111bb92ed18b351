import type { OrderDesk } from './order-desk.ts';
import type { Portfolio } from './portfolio.ts';
import { seededRandom } from './random.ts';
import type { ResolvedConfig } from './run-config.ts';
import type { Position, StrategyContext } from './strategy.ts';

/** The time of the simulation: START of the candles being handled, ns UTC. */
export interface Moment {
  ts: bigint;
}

/** The view of a run that its strategy gets: live getters, no way to the candles to come. */
export function contextOf(
  config: ResolvedConfig,
  portfolio: Portfolio,
  desk: OrderDesk,
  moment: Moment,
): StrategyContext {
  const random = seededRandom(config.seed);
  const positionOf = (symbol: string): Position => {
    const book = portfolio.find(symbol);
    if (!book) throw new RangeError(`Symbol ${JSON.stringify(symbol)} is not of this run`);
    const { quantity, averagePrice, marketPrice } = book;
    return { quantity, averagePrice, marketPrice };
  };
  return {
    symbols: config.symbols,
    timeframe: config.timeframe,
    get ts() {
      return moment.ts;
    },
    get cash() {
      return portfolio.cash;
    },
    get equity() {
      return portfolio.equity;
    },
    position: positionOf,
    workingOrders: (symbol) => desk.working(symbol),
    submit: (request) => desk.submit(request, moment.ts),
    cancel: (orderId) => desk.cancel(orderId),
    random,
  };
}
