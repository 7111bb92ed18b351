import type { Session } from '@tb/calendar';
import type { MarketDataSource, Timeframe } from '@tb/schema';
import type { Span } from './range.ts';
import { isPlain, type SymbolTable } from './symbol-table.ts';
import { candleStartSql, type WindowRun, windowRuns } from './window-run.ts';

/** A part of a relation to read: rows of the spans. Pieces of one query are disjoint. */
export interface Piece {
  readonly origin: MarketDataSource['origin'];
  readonly relation: string;
  readonly tradingDates: readonly string[];
  readonly rows: number;
  readonly symbols: number | undefined;
  readonly minTs: bigint;
  readonly maxTs: bigint;
  /** Only rows in these row times; undefined: every row. */
  readonly spans: readonly Span[] | undefined;
  /** Sessions of the piece, for pieces that are resampled. */
  readonly runs: readonly WindowRun[];
}

export const CANDLE_VALUES: readonly string[] = ['open', 'high', 'low', 'close', 'volume'];
export const TICK_VALUES: readonly string[] = ['seq', 'price', 'volume', 'bid', 'ask'];

/** A whole source as one piece. */
export function pieceOf(source: MarketDataSource, sessions: readonly Session[]): Piece {
  const { origin, relation, tradingDates, rows, symbols, minTs, maxTs } = source;
  const runs = windowRuns(sessions);
  return { origin, relation, tradingDates, rows, symbols, minTs, maxTs, spans: undefined, runs };
}

/** A double as a literal that DuckDB reads back bit by bit: with an exponent it is not taken for a DECIMAL. */
export function doubleSql(value: number): string {
  return value.toExponential();
}

/** A text literal; DuckDB knows no escapes but the doubled quote. */
export function textSql(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/**
 * Rows of the pieces inside `span`: `sid, t` (BIGINT ns), the values, and `label`, the START of the candle of
 * `timeframe` that holds the row. Constant bounds on `ts` and `sid` reach the scan, where zone maps prune by them.
 */
export function scanSql(
  pieces: readonly Piece[],
  span: Span,
  sids: readonly number[] | undefined,
  values: readonly string[],
  timeframe?: Timeframe,
): string {
  const selects = pieces
    .filter((piece) => piece.rows > 0 && piece.minTs < span.to && piece.maxTs >= span.from)
    .map((piece) => {
      const where = [...boundsSql(piece, span), ...sidsSql(sids)];
      const inner = `SELECT ${['sid', 'epoch_ns(ts) AS t', ...values].join(', ')} FROM ${piece.relation}${where.length > 0 ? ` WHERE ${where.join(' AND ')}` : ''}`;
      return timeframe
        ? `SELECT ${['sid', 't', ...values].join(', ')}, ${candleStartSql(piece.runs, timeframe)} AS label FROM (${inner})`
        : inner;
    });
  return selects.length > 0 ? selects.join('\nUNION ALL ') : emptySql(values, timeframe);
}

/**
 * Rows of one sid as `t, code` and the values, one SELECT a piece and nothing around it: with a nested one, a union of 36
 * files takes half as long again. `t` is TIMESTAMP_NS, which a reader gives as ns like a BIGINT: nothing is computed a row.
 */
export function symbolScanSql(
  pieces: readonly Piece[],
  span: Span,
  leg: { readonly sid: number; readonly code: number },
  values: readonly string[],
): string {
  if (pieces.length === 0)
    return `SELECT t, ${leg.code}::INTEGER AS code, ${values.join(', ')} FROM (${emptySql(values, undefined)})`;
  const selects = pieces.map((piece) => {
    const where = [`sid = ${leg.sid}`, ...boundsSql(piece, span)].join(' AND ');
    return `SELECT ts AS t, ${leg.code}::INTEGER AS code, ${values.join(', ')} FROM ${piece.relation} WHERE ${where}`;
  });
  return selects.join('\nUNION ALL ');
}

function boundsSql(piece: Piece, span: Span): string[] {
  const bounds: string[] = [];
  if (piece.minTs < span.from) bounds.push(`ts >= make_timestamp_ns(${span.from})`);
  if (piece.maxTs >= span.to) bounds.push(`ts < make_timestamp_ns(${span.to})`);
  if (piece.spans)
    bounds.push(
      `(${piece.spans.map((s) => `(ts >= make_timestamp_ns(${s.from}) AND ts < make_timestamp_ns(${s.to}))`).join(' OR ')})`,
    );
  return bounds;
}

function sidsSql(sids: readonly number[] | undefined): string[] {
  if (!sids) return [];
  if (sids.length === 0) return ['false'];
  return [sids.length === 1 ? `sid = ${sids[0]}` : `sid IN (${sids.join(', ')})`];
}

function emptySql(values: readonly string[], timeframe: Timeframe | undefined): string {
  const columns = values.map((name) => `0::${name === 'seq' ? 'BIGINT' : 'DOUBLE'} AS ${name}`);
  const label = timeframe ? ['0::BIGINT AS label'] : [];
  return `SELECT ${['0::INTEGER AS sid', '0::BIGINT AS t', ...columns, ...label].join(', ')} WHERE false`;
}

/**
 * Gives each row of `rows` (a SELECT with sid and t) the code of its symbol, and scales prices and volume by the leg
 * that its time falls into. Rows of no leg are dropped. `passed` columns are kept as they are.
 */
export function codedSql(
  rows: string,
  table: SymbolTable,
  prices: readonly string[],
  passed: readonly string[],
): string {
  if (isPlain(table)) return plainCodes(rows, table, [...prices, 'volume', ...passed]);
  const names = table.legs.map(
    (leg) =>
      `(${leg.sid}, ${leg.code}, ${leg.from}, ${leg.to}, ${doubleSql(leg.priceFactor)}, ${doubleSql(leg.volumeFactor)})`,
  );
  const pairs = [...new Set(table.legs.map((leg) => `(${leg.sid}, ${leg.code})`))];
  const columns = [
    'b.t',
    'b.code',
    ...prices.map((name) => `b.${name} * g.price_factor AS ${name}`),
    'b.volume * g.volume_factor AS volume',
    ...passed.map((name) => `b.${name}`),
  ];
  // ASOF finds the leg that began last; its end is checked after. Keyed by code too: two symbols may share a sid.
  return `SELECT ${columns.join(', ')}
FROM (SELECT r.*, p.code FROM (${rows}) r JOIN (VALUES ${pairs.join(', ')}) p(sid, code) ON r.sid = p.sid) b
ASOF JOIN (VALUES ${names.join(', ')}) g(sid, code, from_ns, to_ns, price_factor, volume_factor)
ON b.sid = g.sid AND b.code = g.code AND b.t >= g.from_ns WHERE b.t < g.to_ns`;
}

function plainCodes(rows: string, table: SymbolTable, columns: readonly string[]): string {
  const only = table.legs[0];
  if (!only)
    return `SELECT t, 0::INTEGER AS code, ${columns.join(', ')} FROM (${rows}) WHERE false`;
  if (table.legs.length === 1)
    return `SELECT t, ${only.code}::INTEGER AS code, ${columns.join(', ')} FROM (${rows})`;
  const pairs = table.legs.map((leg) => `(${leg.sid}, ${leg.code})`).join(', ');
  return `SELECT t, p.code, ${columns.join(', ')} FROM (${rows}) r JOIN (VALUES ${pairs}) p(sid, code) ON r.sid = p.sid`;
}
