import { join } from 'node:path';
import Database from 'better-sqlite3';
import { dataRoot } from './tb.ts';

/** Path of the trading database of a scenario. */
export function tradingDb(root: string): string {
  return join(dataRoot(root), 'trading/trading.db');
}

/** Puts orders into the trading database, past our code: what is backed up must not depend on what writes it. */
export function insertOrders(root: string, from: number, to: number): void {
  const db = new Database(tradingDb(root));
  const insert = db.prepare(
    `INSERT INTO orders (client_order_id, exchange, symbol, side, type, time_in_force, quantity, state, created_at, updated_at)
     VALUES (?, 'nse', 'NSE_EQ|TEST0001', 'buy', 'market', 'day', ?, 'new', ?, ?)`,
  );
  for (let number = from; number <= to; number += 1)
    insert.run(`order-${number}`, String(number), number, number);
  db.close();
}
