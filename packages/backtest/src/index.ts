export {
  BacktestError,
  type BacktestErrorCode,
  backtestErrors,
  isBacktestError,
} from './errors.ts';
export { type FeeSchedule, feeOf } from './fees.ts';
export type {
  Fill,
  Order,
  OrderRequest,
  OrderState,
  OrderType,
  RejectReason,
  Side,
} from './order.ts';
export {
  type ParameterDefinition,
  type ParameterSchema,
  type ParameterValue,
  type ParameterValues,
  resolveParameters,
} from './parameters.ts';
export { type ResolvedConfig, type RunConfig, resolveConfig } from './run-config.ts';
export type { RunHistory, RunInput } from './run-history.ts';
export {
  type IndexAccess,
  kyselyRunIndex,
  type NewRun,
  type RunFilter,
  type RunIndex,
  type Runner,
  type RunOutcome,
  type RunRecord,
} from './run-index.ts';
export {
  assertStrategyDefinition,
  getStrategy,
  type Position,
  type Strategy,
  type StrategyContext,
  type StrategyDefinition,
} from './strategy.ts';
