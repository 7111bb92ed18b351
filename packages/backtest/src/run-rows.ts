import type { Order } from './order.ts';
import type { Cell, Row, RunTable } from './run-file-protocol.ts';
import type { NewRun } from './run-index.ts';
import type { RunMetric, RunTally } from './run-tally.ts';
import type { EquityPoint, SimulationResult, SimulationSink } from './simulate.ts';
import type { Trade } from './trade.ts';

/** Where rows go: `RunFileWriter`. */
export interface RowTarget {
  append(table: RunTable, row: Row): void;
  drain(): Promise<void> | undefined;
}

/** What was asked for: metadata, parameters and the files read. */
export function writeSetup(target: RowTarget, run: NewRun, schemaVersion: string): void {
  const { config } = run;
  const metadata: Record<string, string> = {
    run_id: run.runId,
    schema_version: schemaVersion,
    strategy_id: run.strategyId,
    strategy_version: run.strategyVersion,
    fingerprint: run.fingerprint,
    started_at_ns: String(run.startedAt),
    exchange: config.exchange,
    symbols: JSON.stringify(config.symbols),
    timeframe: config.timeframe,
    from_ns: String(config.from),
    to_ns: String(config.to),
    seed: String(config.seed),
    starting_cash: String(config.startingCash),
    fees: JSON.stringify(config.fees),
    slippage: String(config.slippage),
    leverage: String(config.leverage),
    allow_short: String(config.allowShort),
    periods_per_year: String(config.periodsPerYear),
    sweep_id: run.sweepId ?? '',
  };
  for (const [key, value] of Object.entries(metadata)) target.append('metadata', [key, value]);
  for (const [name, value] of Object.entries(run.parameters))
    target.append('parameters', [name, JSON.stringify(value)]);
  for (const input of run.inputs)
    target.append('fingerprint', [input.path, input.sha256, input.tradingDate, input.revision]);
}

/** A sink that writes what happens and counts it for the metrics. */
export function writingSink(
  target: RowTarget,
  tally: RunTally,
  onProgress: (ts: bigint) => void,
): SimulationSink {
  let newest = 0n;
  return {
    order: (order) => {
      tally.order(order);
      target.append('orders', orderRow(order));
    },
    trade: (trade) => {
      tally.trade(trade);
      target.append('trades', tradeRow(trade));
    },
    equity: (point) => {
      tally.equity(point);
      newest = point.ts;
      target.append('equity', equityRow(point));
    },
    drain: () => {
      const taken = target.drain();
      if (taken) onProgress(newest);
      return taken;
    },
  };
}

/** What came out: open positions and metrics. */
export function writeResult(
  target: RowTarget,
  result: SimulationResult,
  metrics: readonly RunMetric[],
): void {
  for (const open of result.openPositions)
    target.append('positions', [
      open.symbol,
      open.quantity,
      open.averagePrice,
      open.marketPrice,
      open.unrealisedPnl,
      open.fees,
    ]);
  for (const { name, value, convention } of metrics)
    target.append('metrics', [name, Number.isNaN(value) ? null : value, convention]);
}

function orderRow(order: Order): Row {
  return [
    BigInt(order.orderId),
    order.ts,
    order.symbol,
    order.side,
    order.type,
    order.quantity,
    cell(order.limitPrice),
    cell(order.stopPrice),
    order.state,
    cell(order.fillTs),
    cell(order.fillPrice),
    order.fee,
    cell(order.reason),
  ];
}

function tradeRow(trade: Trade): Row {
  return [
    BigInt(trade.tradeId),
    trade.symbol,
    trade.side,
    trade.quantity,
    trade.entryTs,
    trade.entryPrice,
    trade.exitTs,
    trade.exitPrice,
    trade.fees,
    trade.pnl,
    null,
  ];
}

function equityRow(point: EquityPoint): Row {
  return [point.ts, point.equity, point.cash, point.drawdown];
}

function cell(value: Cell | undefined): Cell {
  return value ?? null;
}
