export type { ArrowModule, ArrowTable } from './arrow.ts';
export type { AsofChunk, AsofEvents, AsofRequest, AsofResult } from './asof.ts';
export type { AsofDirection } from './asof-sql.ts';
export type { CandleResult } from './candle-result.ts';
export type { CandleChunk, CandleRow, TickChunk, TickRow } from './chunk.ts';
export {
  ConfigQuery,
  type DownloadJob,
  type Instrument,
  type InstrumentFilter,
  type InstrumentGroupMember,
  type Runner,
  type User,
  type WatchlistEntry,
} from './config-query.ts';
export type {
  CorporateAction,
  CorporateActions,
  CorporateHistory,
  SymbolChange,
} from './corporate-actions.ts';
export type { CoverageRequest, CoverageResult, CoverageRow } from './coverage.ts';
export { isQueryError, QueryError, type QueryErrorCode, queryErrors } from './errors.ts';
export type { Gap } from './gap-record.ts';
export type { LatestPrice, LatestRequest, LatestResult } from './latest.ts';
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
export type { ResultFacts, StreamResult } from './result.ts';
export type { RollingChunk, RollingFunction, RollingRequest, RollingResult } from './rolling.ts';
export type { SessionRow, SessionsRequest, SessionsResult } from './session-list.ts';
export {
  type AsOfFilter,
  type ConfluenceInsight,
  type RangeFilter,
  type RegimeInsight,
  type RunnerState,
  type ScannerResult,
  type Signal,
  type SignalFilter,
  SignalsQuery,
} from './signals-query.ts';
export type { ParquetExport, RowOptions, TableResult } from './table-result.ts';
export type { TickResult } from './tick-result.ts';
export {
  type ExecutionLogEntry,
  type Fill,
  type FillFilter,
  type Mark,
  OPEN_STATES,
  type Order,
  type OrderFilter,
  type OrderState,
  type Pnl,
  type Position,
  type PositionFilter,
  TradingQuery,
} from './trading-query.ts';
export type { VwapChunk, VwapRequest, VwapResult } from './vwap.ts';
export type { WideCandles } from './wide.ts';
