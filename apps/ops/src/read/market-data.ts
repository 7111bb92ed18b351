import type { DatabaseManager } from '@tb/manager';
import { ConfigQuery, MarketDataQuery } from '@tb/queries';

/** Market data of a manager, with the corporate actions of its config database. */
export function marketDataQuery(manager: DatabaseManager<'reader'>): MarketDataQuery {
  return new MarketDataQuery(manager.marketData, {
    calendarOf: (exchange) => manager.calendarOf(exchange),
    actions: (exchange, symbols, asOf) =>
      manager.read('config', (db) => new ConfigQuery(db).corporateHistory(exchange, symbols, asOf)),
  });
}
