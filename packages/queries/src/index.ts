export type { ArrowModule, ArrowTable } from './arrow.ts';
export type { CandleResult, ParquetExport, RowOptions } from './candle-result.ts';
export type { CandleChunk, CandleRow, TickChunk, TickRow } from './chunk.ts';
export type {
  CorporateAction,
  CorporateActions,
  CorporateHistory,
  SymbolChange,
} from './corporate-actions.ts';
export { isQueryError, QueryError, type QueryErrorCode, queryErrors } from './errors.ts';
export type { Gap } from './gap-record.ts';
export { MarketDataQuery, type MarketDataQueryOptions } from './market-data-query.ts';
export type {
  Adjust,
  CandleRequest,
  Freshness,
  LastCandlesRequest,
  LastRequest,
  OnGap,
  RangeRequest,
  SymbolScope,
  TickRequest,
  TimeInput,
} from './request.ts';
export type { ReadFile, ResultFacts, StreamResult } from './result.ts';
export type { TickResult } from './tick-result.ts';
export type { WideCandles } from './wide.ts';
