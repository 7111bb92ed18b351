import type { SessionCalendar } from '@tb/calendar';
import type { MarketDataSnapshot } from '@tb/schema';
import { adjustedSymbols } from './adjust.ts';
import type { QueryContext } from './context.ts';
import { type CorporateHistory, fetchHistory } from './corporate-actions.ts';
import { QueryError } from './errors.ts';
import type { Span } from './range.ts';
import { type Piece, scanSql } from './scan-sql.ts';
import type { Scope } from './scope.ts';
import { assertKnown, plainSymbols, type SymbolTable, sortSymbols } from './symbol-table.ts';

/**
 * The symbols of a result with the stored rows that belong to each.
 * @throws `UNKNOWN_SYMBOL`, unless the scope allows it.
 */
export async function resolveSymbols(
  context: QueryContext,
  scope: Scope,
  calendar: SessionCalendar,
  snapshot: MarketDataSnapshot,
  pieces: readonly Piece[],
  scan: Span,
): Promise<SymbolTable> {
  const symbols = scope.symbols ?? (await storedSymbols(snapshot, pieces, scan, scope.signal));
  const history = await historyOf(context, scope, symbols);
  const table = history
    ? adjustedSymbols(symbols, {
        calendar,
        history,
        adjust: scope.adjust,
        followChanges: scope.followChanges,
        symbolDate: scope.symbolDate ?? calendar.localDateOf(lastInstant(scope)),
        asOfDate: calendar.localDateOf(scope.asOf ?? scope.now),
        sidOf: (symbol) => snapshot.sidOf(symbol),
      })
    : plainSymbols(snapshot, symbols);
  if (!scope.allowUnknown) assertKnown(table, scope.exchange);
  return table;
}

/** Sids that a statement has to scan; undefined when every symbol is read. */
export function scannedSids(scope: Scope, table: SymbolTable): readonly number[] | undefined {
  return scope.symbols ? [...new Set(table.legs.map((leg) => leg.sid))] : undefined;
}

/** A range may end far in the future: a symbol is meant at the latest of today. */
function lastInstant(scope: Scope): bigint {
  const end = scope.span.to - 1n;
  const latest = scope.asOf ?? scope.now;
  return end < latest ? end : latest;
}

async function historyOf(
  context: QueryContext,
  scope: Scope,
  symbols: readonly string[],
): Promise<CorporateHistory | undefined> {
  if (scope.history || scope.adjust === 'none' || !context.actions) return scope.history;
  return fetchHistory(context.actions, scope.exchange, symbols, scope.asOf ?? scope.now);
}

async function storedSymbols(
  snapshot: MarketDataSnapshot,
  pieces: readonly Piece[],
  scan: Span,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const sql = `SELECT DISTINCT sid FROM (${scanSql(pieces, scan, undefined, [])})`;
  const symbols: string[] = [];
  for await (const chunk of snapshot.stream(sql, [], signal)) {
    for (const sid of chunk.columns[0] as Int32Array) {
      const symbol = snapshot.symbolOf(sid);
      if (symbol === undefined)
        throw new QueryError('UNKNOWN_SYMBOL', `Rows have sid ${sid}, which has no symbol`);
      symbols.push(symbol);
    }
  }
  return sortSymbols(symbols);
}
