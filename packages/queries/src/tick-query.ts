import type { SessionCalendar } from '@tb/calendar';
import type { ColumnChunk, MarketDataSnapshot } from '@tb/schema';
import { symbolSql } from './candle-query.ts';
import type { TickChunk } from './chunk.ts';
import type { QueryContext } from './context.ts';
import { assertFresh } from './freshness.ts';
import { assertNoGap, edgeGaps, feedGaps, sessionGaps, uncoveredStretches } from './gap.ts';
import type { Gap } from './gap-record.ts';
import { collectInOrder, presortedPieces } from './presorted.ts';
import type { Span } from './range.ts';
import type { TickRequest } from './request.ts';
import { resolveSymbols, scannedSids } from './resolve-symbols.ts';
import { filesOf, type ResultFacts } from './result.ts';
import { codedSql, type Piece, pieceOf, scanSql, symbolScanSql, TICK_VALUES } from './scan-sql.ts';
import { oneOf, type Scope, scopeOf, storedNames } from './scope.ts';
import { slicesOf } from './slices.ts';
import { doubles, streamStatements } from './sql-result.ts';
import { type SymbolTable, sidsOf } from './symbol-table.ts';
import { TickResult } from './tick-result.ts';
import { wholeSessions } from './trading-days.ts';

/** A tick query after its checks, with its view open. */
export interface TickPlan {
  readonly scope: Scope;
  readonly calendar: SessionCalendar;
  readonly snapshot: MarketDataSnapshot;
  readonly pieces: readonly Piece[];
  readonly table: SymbolTable;
  readonly sids: readonly number[] | undefined;
  readonly last: number | undefined;
}

/** See `MarketDataQuery.ticks`. */
export async function queryTicks(context: QueryContext, request: TickRequest): Promise<TickResult> {
  const onGap = oneOf('onGap', request.onGap ?? 'error', ['error', 'report']);
  const plan = await planTicks(context, request);
  try {
    return await tickResult(context, plan, onGap);
  } catch (error) {
    await plan.snapshot[Symbol.asyncDispose]();
    throw error;
  }
}

/** Opens the view and resolves symbols. The caller disposes `snapshot`. */
export async function planTicks(
  context: QueryContext,
  request: Omit<TickRequest, 'onGap'>,
  last?: number,
): Promise<TickPlan> {
  const scope = await scopeOf(context, request);
  const calendar = context.calendarOf(scope.exchange);
  const { exchange, span, asOf, signal } = scope;
  const symbols = storedNames(scope);
  const snapshot = await context.reader.snapshot({
    exchange,
    kind: 'ticks',
    ...wholeSessions(calendar, span),
    symbols,
    asOf,
    signal,
  });
  try {
    assertFresh(scope, calendar, snapshot);
    const pieces = snapshot.sources.map((source) => pieceOf(source, []));
    const table = await resolveSymbols(context, scope, calendar, snapshot, pieces, span);
    return { scope, calendar, snapshot, pieces, table, sids: scannedSids(scope, table), last };
  } catch (error) {
    await snapshot[Symbol.asyncDispose]();
    throw error;
  }
}

/** Facts and rows of an open plan. @throws `GAP` */
export async function tickResult(
  context: QueryContext,
  plan: TickPlan,
  onGap: 'error' | 'report',
): Promise<TickResult> {
  const { scope, snapshot, table } = plan;
  const facts = await tickFacts(context, plan, onGap);
  const source = {
    facts,
    stream: () => streamTicks(plan),
    release: async () => snapshot[Symbol.asyncDispose](),
  };
  const sql = `SELECT ${symbolSql(table.symbols)} AS symbol, make_timestamp_ns(t) AS ts, seq, price, volume, bid, ask FROM (${tickSql(plan, scope.span)}) ORDER BY t, code, seq`;
  const exporter = snapshot.exportParquet
    ? async (path: string) => snapshot.exportParquet!(sql, path, scope.signal)
    : undefined;
  return new TickResult(source, exporter);
}

/** @throws `GAP` */
export async function tickFacts(
  context: QueryContext,
  plan: TickPlan,
  onGap: 'error' | 'report',
): Promise<ResultFacts> {
  const { scope, snapshot, table } = plan;
  const gaps = await findTickGaps(context, plan);
  if (onGap === 'error') assertNoGap(gaps, scope.exchange, scope.requireFullRange);
  return {
    watermark: snapshot.watermark,
    symbols: table.symbols,
    gaps,
    missingDates: gaps.filter((gap) => gap.kind === 'session').map((gap) => gap.tradingDate),
    tradingDates: snapshot.tradingDates,
    files: () => filesOf(snapshot.sources),
  };
}

/** One SELECT: `t, code, seq, price, volume, bid, ask`, ordered by (t, code, seq); absent bid and ask are NULL. */
export function tickSql(plan: TickPlan, slice: Span): string {
  const limit =
    plan.last === undefined
      ? ''
      : `\nQUALIFY row_number() OVER (PARTITION BY code ORDER BY t DESC, seq DESC) <= ${plan.last}`;
  return `${tickRowsSql(plan, slice)}${limit}\nORDER BY t, code, seq`;
}

/** `tickSql` without its order. */
export function tickRowsSql(plan: TickPlan, slice: Span): string {
  const scanned = scanSql(plan.pieces, slice, plan.sids, TICK_VALUES);
  const rows = codedSql(scanned, plan.table, ['price', 'bid', 'ask'], ['seq']);
  return `SELECT t, code, seq, price, volume, bid, ask FROM (${rows})`;
}

function presortedSql(plan: TickPlan, slice: Span): string | undefined {
  if (plan.last !== undefined) return undefined;
  const pieces = presortedPieces(plan.pieces, slice, plan.table, plan.sids);
  const leg = plan.table.legs[0];
  return pieces && leg && symbolScanSql(pieces, slice, leg, TICK_VALUES);
}

async function* streamTicks(plan: TickPlan): AsyncGenerator<TickChunk, void, undefined> {
  const { snapshot, table, scope } = plan;
  const { signal } = scope;
  const toChunk = (chunk: ColumnChunk): TickChunk => tickChunk(chunk, table.sidByCode);
  for (const slice of tickSlices(plan)) {
    signal?.throwIfAborted();
    const presorted = presortedSql(plan, slice);
    const lying = presorted && (await collectInOrder(snapshot, presorted, toChunk, signal));
    if (lying) yield* lying;
    else yield* streamStatements({ snapshot, statements: [tickSql(plan, slice)], signal, toChunk });
  }
}

function tickSlices(plan: TickPlan): Span[] {
  const { scope, calendar, snapshot, pieces } = plan;
  if (plan.last !== undefined) return [scope.span];
  return slicesOf({
    calendar,
    dates: snapshot.tradingDates,
    pieces,
    scan: scope.span,
    symbols: scope.symbols ? (plan.sids?.length ?? 0) : undefined,
    kind: 'ticks',
    filledPerDate: 0,
    mayCut: () => true,
  });
}

/** Columns in the order of `tickSql`. */
function tickChunk(chunk: ColumnChunk, sidByCode: Int32Array): TickChunk {
  const [ts, code, seq, price, volume] = chunk.columns as readonly [
    BigInt64Array,
    Int32Array,
    BigInt64Array,
    Float64Array,
    Float64Array,
  ];
  const sid = sidsOf(code, sidByCode);
  const [bid, ask] = [doubles(chunk, 5), doubles(chunk, 6)];
  return { rows: chunk.rows, sid, ts, seq, price, volume, bid, ask, code };
}

/** Missing sessions, and every stretch of a session in which no feed was connected. */
async function findTickGaps(context: QueryContext, plan: TickPlan): Promise<Gap[]> {
  const { scope, calendar, snapshot } = plan;
  const { tradingDates } = snapshot;
  const extent = await context.reader.extent(scope.exchange, 'ticks');
  const first = [extent?.first, tradingDates[0]].filter((date) => date !== undefined).sort()[0];
  const lasts = [scope.asOf === undefined ? extent?.last : undefined, tradingDates.at(-1)];
  const last = lasts
    .filter((date) => date !== undefined)
    .sort()
    .at(-1);
  if (first === undefined || last === undefined || scope.span.from >= scope.span.to) return [];
  const { sessions, gaps } = sessionGaps(calendar, scope.span, { first, last }, tradingDates);
  const present = new Set(tradingDates);
  const stretches = uncoveredStretches(
    snapshot,
    sessions.filter((session) => present.has(session.tradingDate)),
    scope.span,
    scope.now,
  );
  const feed = stretches.flatMap((stretch) => feedGaps(stretch, new Set(), undefined));
  const all = [...gaps, ...feed, ...edgeGaps(calendar, scope.span, { first, last }, scope.now)];
  return all.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
}
