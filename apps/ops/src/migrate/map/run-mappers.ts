import { isJson, jsonObject } from '../json-value.ts';
import type { Aliases } from '../source-table.ts';
import { timeframeOfText } from '../timeframe-text.ts';
import type { LegacyRow } from './legacy-row.ts';
import type { RoundTripRole } from './round-trip-mapper.ts';
import { RowProblem } from './row-problem.ts';
import { sideOfText } from './side-of-text.ts';

export type RunRole =
  | 'id'
  | 'strategy'
  | 'key'
  | 'timeframe'
  | 'from'
  | 'to'
  | 'parameters'
  | 'trades'
  | 'winRate'
  | 'winPercent'
  | 'pnl'
  | 'drawdown'
  | 'drawdownPercent'
  | 'sharpe'
  | 'profitFactor'
  | 'initial'
  | 'final'
  | 'status'
  | 'error'
  | 'createdAt';

export const RUN_ALIASES: Aliases<RunRole> = {
  id: ['run_id'],
  strategy: ['strategy_id', 'strategy_name', 'strategy'],
  key: ['instrument_key', 'symbol'],
  timeframe: ['timeframe'],
  from: ['start_date', 'start_ts', 'from_date'],
  to: ['end_date', 'end_ts', 'to_date'],
  parameters: ['params', 'parameters'],
  trades: ['total_trades'],
  winRate: ['win_rate'],
  winPercent: ['win_rate_pct'],
  pnl: ['total_pnl'],
  drawdown: ['max_drawdown'],
  drawdownPercent: ['max_drawdown_pct'],
  sharpe: ['sharpe_ratio'],
  profitFactor: ['profit_factor'],
  initial: ['initial_capital'],
  final: ['final_capital'],
  status: ['status'],
  error: ['error_message', 'error'],
  createdAt: ['created_at'],
};
export const RUN_REQUIRED: readonly RunRole[] = ['id', 'strategy'];
export const RUN_TIMES: readonly RunRole[] = ['from', 'to', 'createdAt'];

/** One figure of a run, as the old file had it, with what it means. */
export interface LegacyMetric {
  readonly name: string;
  readonly value: number;
  readonly convention: string;
}

/** A run of the old file. Times ns UTC. */
export interface LegacyRun {
  /** As the old file called it. */
  readonly oldId: string;
  readonly strategyId: string;
  /** undefined: neither the run nor a trade of it names one yet. */
  readonly instrument: { readonly exchange: string; readonly symbol: string } | undefined;
  readonly timeframe: string;
  readonly from: bigint | undefined;
  readonly to: bigint | undefined;
  /** JSON object. */
  readonly parameters: string;
  readonly state: 'done' | 'failed';
  readonly error: string | null;
  readonly createdAt: bigint | undefined;
  readonly metrics: readonly LegacyMetric[];
  /** Entries of the JSON object that keeps the rest. */
  readonly attributes: string | null;
  readonly isOrphan: boolean;
}

/** @param isPercent Generation 1 (`strategy_name`) writes rates in percent. */
export function mapRun(row: LegacyRow<RunRole>, isPercent: boolean): LegacyRun {
  const oldId = row.needKey('id');
  const instrument = instrumentOf(row);
  const createdAt = row.record('createdAt');
  const status = row.filled('status')?.trim().toLowerCase();
  const isDone = status === undefined || /^(completed?|done|success|finished)$/.test(status);
  const metrics = metricsOf(row, isPercent);
  const parameters = parametersOf(row);
  if (status !== undefined) row.keep('status');
  const timeframe = row.filled('timeframe');
  return {
    oldId,
    strategyId: row.needText('strategy'),
    instrument,
    timeframe: timeframe === undefined ? '1m' : (timeframeOfText(timeframe) ?? timeframe),
    from: row.record('from'),
    to: row.record('to'),
    parameters,
    state: isDone ? ('done' as const) : ('failed' as const),
    error: isDone
      ? null
      : (row.filled('error') ?? `was ${status} in the old file, and never finished`),
    createdAt,
    metrics,
    attributes: row.attributes(),
    isOrphan: false,
  };
}

/** A run without a usable key is a run all the same: its trades have keys of their own. */
function instrumentOf(row: LegacyRow<RunRole>): LegacyRun['instrument'] {
  try {
    return row.needInstrument('key');
  } catch (error) {
    if (!(error instanceof RowProblem)) throw error;
    row.keep('key', 'symbol');
    return undefined;
  }
}

/** A run for trades and equity of a run that the file does not have. */
export function orphanRun(
  oldId: string | undefined,
  instrument: LegacyRun['instrument'],
): LegacyRun {
  return {
    oldId: oldId ?? '',
    strategyId: 'unknown',
    instrument,
    timeframe: '1m',
    from: undefined,
    to: undefined,
    parameters: '{}',
    state: 'done',
    error: null,
    createdAt: undefined,
    metrics: [],
    attributes: null,
    isOrphan: true,
  };
}

/**
 * A new, safe id, `run_<YYYYMMDD>_<HHMMSS>_<12 hex>`: the same in every attempt, another one when anything of the run
 * differs, so that a later copy of the old file never collides with an earlier one.
 * @param contents Digest of everything that the run consists of.
 */
export function newRunId(contents: string, createdAt: bigint | undefined): string {
  const time = new Date(Number((createdAt ?? 0n) / 1_000_000n)).toISOString().replaceAll(/\D/g, '');
  return `run_${time.slice(0, 8)}_${time.slice(8, 14)}_${contents.slice(0, 12)}`;
}

function parametersOf(row: LegacyRow<RunRole>): string {
  const text = row.filled('parameters');
  if (text === undefined) return '{}';
  if (isJson(text) && /^\s*\{/.test(text)) return text;
  return jsonObject([['legacy', JSON.stringify(text)]]) as string;
}

function metricsOf(row: LegacyRow<RunRole>, isPercent: boolean): LegacyMetric[] {
  const metrics: LegacyMetric[] = [];
  const add = (
    name: string,
    role: RunRole,
    convention: string,
    of = (value: number) => value,
  ): void => {
    const value = row.real(role);
    if (value !== null)
      metrics.push({ name, value: of(value), convention: `legacy ${convention}` });
  };
  // A rate above 1 can only be percent; below it, the generation tells.
  const rate = (value: number): number => (isPercent || Math.abs(value) > 1 ? value / 100 : value);
  add('tradeCount', 'trades', 'total_trades');
  add('winRate', 'winRate', 'win_rate, as a fraction', rate);
  add('winRate', 'winPercent', 'win_rate_pct / 100', (value) => value / 100);
  add('totalPnl', 'pnl', 'total_pnl');
  add(
    'maxDrawdown',
    'drawdown',
    'max_drawdown, as a negative fraction',
    (value) => -Math.abs(rate(value)),
  );
  add(
    'maxDrawdown',
    'drawdownPercent',
    'max_drawdown_pct / 100, negative',
    (value) => -Math.abs(value / 100),
  );
  add('sharpe', 'sharpe', 'sharpe_ratio');
  add('profitFactor', 'profitFactor', 'profit_factor');
  add('startingCash', 'initial', 'initial_capital');
  add('finalEquity', 'final', 'final_capital');
  return metrics;
}

/** A round trip of a run, times ns UTC, profit after fees. */
export interface LegacyRunTrade {
  readonly symbol: string;
  readonly exchange: string;
  readonly side: 'long' | 'short';
  readonly quantity: number;
  readonly entryTs: bigint;
  readonly entryPrice: number;
  readonly exitTs: bigint;
  readonly exitPrice: number;
  readonly fees: number;
  readonly pnl: number;
  readonly attributes: string | null;
}

export function mapRunTrade(row: LegacyRow<RoundTripRole>): LegacyRunTrade {
  const { exchange, symbol } = row.needInstrument('key');
  const side = sideOfText(row.text('side'));
  if (side === undefined) throw new RowProblem('side_unknown');
  const quantity = number(row, 'quantity', 'quantity_missing');
  if (quantity <= 0) throw new RowProblem('quantity_not_positive');
  const entryPrice = number(row, 'entryPrice', 'price_missing');
  const entryTs = row.needEvent('entryTime', symbol);
  if (row.filled('exitPrice') === undefined) throw new RowProblem('trade_open');
  const exitPrice = number(row, 'exitPrice', 'price_missing');
  const exitTs = row.needEvent('exitTime', symbol);
  if (entryPrice <= 0 || exitPrice <= 0) throw new RowProblem('price_not_positive');
  const fees = row.real('fee') ?? 0;
  const gross = (side === 'buy' ? exitPrice - entryPrice : entryPrice - exitPrice) * quantity;
  const pnl = netPnl(row.real('pnl') ?? gross, gross, fees);
  for (const [role, name] of [
    ['id', 'trade_id'],
    ['pnl', 'pnl'],
    ['option', 'option_instrument_key'],
  ] as const)
    row.keep(role, name);
  return {
    exchange,
    symbol,
    side: side === 'buy' ? 'long' : 'short',
    quantity,
    entryTs,
    entryPrice,
    exitTs,
    exitPrice,
    fees,
    pnl,
    attributes: row.attributes(),
  };
}

/** The old bot wrote profit before fees, and other writers after: the prices tell which. In doubt it is before. */
function netPnl(pnl: number, gross: number, fees: number): number {
  const tolerance = 1e-6 * Math.max(1, Math.abs(gross));
  const isNet = Math.abs(pnl - (gross - fees)) < tolerance && Math.abs(pnl - gross) >= tolerance;
  return isNet ? pnl : pnl - fees;
}

function number<Role extends string>(
  row: LegacyRow<Role>,
  role: Role,
  missing: 'price_missing' | 'quantity_missing',
): number {
  const text = row.filled(role);
  if (text === undefined) throw new RowProblem(missing);
  const value = Number(text);
  if (!Number.isFinite(value))
    throw new RowProblem(missing === 'price_missing' ? 'price_not_finite' : 'quantity_missing');
  return value;
}

export type EquityRole = 'run' | 'time' | 'equity';
export const EQUITY_ALIASES: Aliases<EquityRole> = {
  run: ['run_id'],
  time: ['timestamp', 'ts', 'time'],
  equity: ['equity', 'equity_value'],
};

/** A point of the equity curve of a run. */
export function mapEquity(row: LegacyRow<EquityRole>): {
  readonly ts: bigint;
  readonly equity: number;
} {
  return { ts: row.needEvent('time', ''), equity: row.needReal('equity') };
}
