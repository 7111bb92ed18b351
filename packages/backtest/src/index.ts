export { type Comparison, type ComparisonRow, compareRuns } from './compare.ts';
export {
  BacktestError,
  type BacktestErrorCode,
  backtestErrors,
  isBacktestError,
} from './errors.ts';
export { type FeeSchedule, feeOf } from './fees.ts';
export { fingerprintOf } from './fingerprint.ts';
export { alpha, beta, informationRatio } from './metrics/benchmark.ts';
export { conventions, type MetricConvention } from './metrics/conventions.ts';
export {
  annualDownsideRisk,
  annualVolatility,
  type DownsideOptions,
  downsideDeviation,
  type VolatilityOptions,
} from './metrics/deviation.ts';
export {
  type Drawdown,
  type DrawdownOptions,
  drawdownSeries,
  largestDrawdown,
  maxDrawdown,
} from './metrics/drawdown.ts';
export {
  type Annualisation,
  annualMeanReturn,
  annualReturn,
  cagr,
  JULIAN_YEAR_DAYS,
  perPeriodRate,
  wholeDays,
  yearsBetween,
} from './metrics/growth.ts';
export {
  type CalmarOptions,
  calmar,
  type OmegaOptions,
  omega,
  rollingMaxDrawdown,
  rollingSharpe,
  type SharpeOptions,
  type SortinoOptions,
  sharpe,
  sortino,
} from './metrics/ratios.ts';
export { dailyReturns, growthOf, returnsOf, totalReturn, utcDayOf } from './metrics/returns.ts';
export {
  difference,
  mean,
  ratio,
  type ScalarOrSeries,
  type Series,
  standardDeviation,
  type WhenZero,
} from './metrics/series.ts';
export { conditionalValueAtRisk, quantile, tailRatio, valueAtRisk } from './metrics/tail.ts';
export {
  expectancy,
  expectancyRatio,
  profitFactor,
  summariseTrades,
  type TradeDrawdown,
  type TradeDrawdownOptions,
  type TradeReturnOptions,
  type TradeSummary,
  tradeCalmar,
  tradeDrawdown,
  tradeSharpe,
  tradeSortino,
  winRate,
} from './metrics/trades.ts';
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
export { type PrunePolicy, pruneRuns, selectPrunable } from './prune.ts';
export { renderReport } from './report/report.ts';
export { type RunEvent, type RunOptions, type RunResult, runBacktest } from './run.ts';
export { type ResolvedConfig, type RunConfig, resolveConfig } from './run-config.ts';
export { type EquityColumns, openRunFile, type RunFile } from './run-file.ts';
export {
  type CandleColumnsResult,
  historyFrom,
  type RunHistory,
  type RunInput,
} from './run-history.ts';
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
export { getRun, openRun } from './run-lookup.ts';
export { type Recovery, recoverDeadRuns } from './run-recovery.ts';
export type { RunMetric } from './run-tally.ts';
export {
  type FileVerdict,
  type InputCheck,
  type RunVerification,
  verifyRun,
} from './run-verify.ts';
export { isRunnerDead, thisRunner } from './runner-process.ts';
export {
  type EquityPoint,
  type SimulationResult,
  type SimulationSink,
  simulate,
} from './simulate.ts';
export { type StaleDay, staleDays } from './stale.ts';
export { builtInStrategies } from './strategies/built-in.ts';
export { meanReversion } from './strategies/mean-reversion.ts';
export { movingAverageCross } from './strategies/moving-average-cross.ts';
export {
  assertStrategyDefinition,
  getStrategy,
  type Position,
  type Strategy,
  type StrategyContext,
  type StrategyDefinition,
} from './strategy.ts';
export {
  planSweep,
  type SweepPlan,
  type SweepPoint,
  type SweepProgress,
  sweepProgress,
} from './sweep.ts';
export type { OpenPosition, Trade } from './trade.ts';
