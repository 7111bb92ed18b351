import { assertExchange, assertSymbol, assertTradingDate } from '@tb/schema';
import type { QueryContext } from './context.ts';
import { type CorporateHistory, fetchHistory } from './corporate-actions.ts';
import { QueryError } from './errors.ts';
import { type Span, spanOf, toNs } from './range.ts';
import type { Adjust, Freshness, RangeRequest, SymbolScope } from './request.ts';
import { sortSymbols } from './symbol-table.ts';

/** A request after its checks. */
export interface Scope {
  readonly exchange: string;
  /** Distinct, in result order; undefined: every symbol. */
  readonly symbols: readonly string[] | undefined;
  readonly allowUnknown: boolean;
  readonly requireFresh: Freshness | undefined;
  readonly signal: AbortSignal | undefined;
  readonly span: Span;
  readonly now: bigint;
  readonly asOf: bigint | undefined;
  readonly adjust: Adjust;
  readonly followChanges: boolean;
  readonly symbolDate: string | undefined;
  readonly requireFullRange: boolean;
  /** Actions and renames; undefined when rows are taken as they are, or when the symbols are not known yet. */
  readonly history: CorporateHistory | undefined;
}

/** @throws `BAD_RANGE`, `BAD_REQUEST`, `ACTIONS_MISSING`; `BAD_NAME` of `@tb/schema` */
export async function scopeOf(context: QueryContext, request: RangeRequest): Promise<Scope> {
  assertExchange(request.exchange);
  const symbols = symbolsOf(request);
  const span = spanOf(request.from, request.to);
  const adjust = oneOf('adjust', request.adjust ?? 'none', ['none', 'splits', 'all']);
  const usual = adjust === 'none' || symbols === undefined ? 'ignore' : 'follow';
  const changes = oneOf('symbolChanges', request.symbolChanges ?? usual, ['follow', 'ignore']);
  const now = context.now();
  const asOf = request.asOf === undefined ? undefined : toNs(request.asOf, 'asOf');
  if (request.symbolDate !== undefined) assertTradingDate(request.symbolDate);
  if (changes === 'follow' && symbols === undefined)
    throw new QueryError('BAD_REQUEST', 'symbolChanges: follow needs symbols by name');
  assertFreshness(request.requireFresh);
  const needed = adjust !== 'none' || changes === 'follow';
  if (needed && !context.actions)
    throw new QueryError('ACTIONS_MISSING', `adjust: ${adjust}, symbolChanges: ${changes}`);
  const history =
    needed && context.actions && symbols
      ? await fetchHistory(context.actions, request.exchange, symbols, asOf ?? now)
      : undefined;
  return {
    exchange: request.exchange,
    symbols,
    allowUnknown:
      oneOf('onUnknownSymbol', request.onUnknownSymbol ?? 'error', ['error', 'empty']) === 'empty',
    requireFresh: request.requireFresh,
    signal: request.signal,
    span,
    now,
    asOf,
    adjust,
    followChanges: changes === 'follow',
    symbolDate: request.symbolDate,
    requireFullRange: request.requireFullRange ?? false,
    history,
  };
}

/** Every name that the rows of the symbols may be stored under; undefined: all. */
export function storedNames(scope: Scope): readonly string[] | undefined {
  if (!scope.symbols || !scope.history || !scope.followChanges) return scope.symbols;
  const { renames } = scope.history;
  return sortSymbols([
    ...scope.symbols,
    ...renames.flatMap((rename) => [rename.old_symbol, rename.new_symbol]),
  ]);
}

function symbolsOf(request: SymbolScope): readonly string[] | undefined {
  if (request.symbol !== undefined && request.symbols !== undefined)
    throw new QueryError('BAD_REQUEST', 'Both symbol and symbols are given: give one');
  const symbols = request.symbol === undefined ? request.symbols : [request.symbol];
  if (symbols === undefined) return undefined;
  if (!Array.isArray(symbols) || symbols.length === 0)
    throw new QueryError('BAD_REQUEST', 'symbols is empty: name one, or leave it out for all');
  for (const symbol of symbols) assertSymbol(symbol);
  return sortSymbols(symbols);
}

/** @throws `BAD_REQUEST` unless the value is one of the set. */
export function oneOf<T extends string>(name: string, value: T, set: readonly T[]): T {
  if (set.includes(value)) return value;
  throw new QueryError(
    'BAD_REQUEST',
    `${name} is ${JSON.stringify(value)}, expected one of ${set.join(', ')}`,
  );
}

/** @throws `BAD_REQUEST` unless the value is a whole number from 1 to `max`. */
export function countOf(name: string, value: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value;
  throw new QueryError('BAD_REQUEST', `${name} is ${value}, expected 1 to ${max}`);
}

function assertFreshness(fresh: Freshness | undefined): void {
  if (fresh === undefined || (Number.isFinite(fresh.maxAgeMs) && fresh.maxAgeMs >= 0)) return;
  throw new QueryError(
    'BAD_REQUEST',
    `requireFresh.maxAgeMs is ${fresh.maxAgeMs}, expected 0 or more`,
  );
}
