import type { SqliteDatabase } from '@tb/locks';
import { assertExchange, assertSymbol, assertTradingDate } from '@tb/schema';

/** A DuckDB INTEGER. */
const MAX_SID = 2_147_483_647;

/** @internal Inside the transaction of a writer. */
export function registerSids(
  db: SqliteDatabase,
  exchange: string,
  symbols: readonly string[],
  tradingDate: string,
): ReadonlyMap<string, number> {
  assertNames(exchange, symbols, tradingDate);
  const find = db.prepare('SELECT sid FROM symbols WHERE exchange = ? AND symbol = ?').pluck();
  const insert = db.prepare('INSERT INTO symbols VALUES (?, ?, ?, ?)');
  let last = Number(db.prepare('SELECT ifnull(max(sid), 0) FROM symbols').pluck().get());
  const sids = new Map<string, number>();
  for (const symbol of symbols) {
    if (sids.has(symbol)) continue;
    const known = find.get(exchange, symbol) as number | bigint | undefined;
    if (known !== undefined) {
      sids.set(symbol, Number(known));
      continue;
    }
    if (last >= MAX_SID) throw new RangeError(`There are no sids above ${MAX_SID}`);
    last += 1;
    insert.run(last, exchange, symbol, tradingDate);
    sids.set(symbol, last);
  }
  return sids;
}

/** @throws `BAD_NAME` */
export function assertNames(
  exchange: string,
  symbols: readonly string[],
  tradingDate: string,
): void {
  assertExchange(exchange);
  assertTradingDate(tradingDate);
  for (const symbol of symbols) assertSymbol(symbol);
}
