import {
  foStocks,
  instrumentMeta,
  instruments,
  roles,
  stockUniverse,
  userRoles,
  users,
  watchlists,
} from './map/config-mappers.ts';
import { fills } from './map/fill-mapper.ts';
import { orders } from './map/order-mapper.ts';
import { positions } from './map/position-mapper.ts';
import { ROUND_TRIP_ALIASES, type RoundTripRole } from './map/round-trip-mapper.ts';
import {
  EQUITY_ALIASES,
  type EquityRole,
  RUN_ALIASES,
  RUN_REQUIRED,
  type RunRole,
} from './map/run-mappers.ts';
import {
  confluenceInsights,
  regimeInsights,
  runnerState,
  scannerSignals,
  signals,
} from './map/signals-mappers.ts';
import type { StoreMapper } from './map/store-mapper.ts';
import type { CandleRole, TickRole } from './market-source.ts';
import { type Aliases, type Columns, findColumns, type SourceTable } from './source-table.ts';

/** What is done with a table of the source. */
export type TablePlan =
  | { readonly kind: 'store'; readonly mapper: StoreMapper; readonly columns: Columns<string> }
  | { readonly kind: 'candles'; readonly columns: Columns<CandleRole>; readonly rank: number }
  | { readonly kind: 'ticks'; readonly columns: Columns<TickRole> }
  | { readonly kind: 'runs'; readonly columns: Columns<RunRole> }
  | {
      readonly kind: 'round_trips';
      readonly columns: Columns<RoundTripRole>;
      /** Generation 1 kept trades of backtests and real ones in one table. */
      readonly isMixed: boolean;
    }
  | { readonly kind: 'equity'; readonly columns: Columns<EquityRole> }
  /** `note` says why a table of a known name has no other home. */
  | { readonly kind: 'archive'; readonly note?: string | undefined };

const CANDLE_ALIASES: Aliases<CandleRole> = {
  key: ['instrument_key', 'symbol'],
  time: ['timestamp', 'ts', 'datetime', 'time'],
  timeframe: ['timeframe', 'interval'],
  open: ['open', 'o'],
  high: ['high', 'h'],
  low: ['low', 'l'],
  close: ['close', 'c'],
  volume: ['volume', 'vol', 'v'],
  synthetic: ['is_synthetic', 'synthetic'],
};
const CANDLE_REQUIRED: readonly CandleRole[] = [
  'key',
  'time',
  'open',
  'high',
  'low',
  'close',
  'volume',
];

const TICK_ALIASES: Aliases<TickRole> = {
  key: ['instrument_key', 'symbol'],
  time: ['exchange_ts', 'timestamp', 'ts', 'time'],
  price: ['price', 'ltp', 'last_price'],
  volume: ['volume', 'qty', 'quantity', 'ltq'],
  bid: ['bid', 'bid_price'],
  ask: ['ask', 'ask_price'],
};
const TICK_REQUIRED: readonly TickRole[] = ['key', 'time', 'price', 'volume'];

type Planner = (table: SourceTable) => TablePlan;

const store =
  (mapper: StoreMapper): Planner =>
  (table) => {
    const columns = findColumns(table, mapper.aliases);
    return missing(columns, mapper.required) ?? { kind: 'store', mapper, columns };
  };

const candles =
  (rank: number, needsTimeframe: boolean): Planner =>
  (table) => {
    const columns = findColumns(table, CANDLE_ALIASES);
    const required = needsTimeframe
      ? ([...CANDLE_REQUIRED, 'timeframe'] as const)
      : CANDLE_REQUIRED;
    return missing(columns, required) ?? { kind: 'candles', columns, rank };
  };

const ticks: Planner = (table) => {
  const columns = findColumns(table, TICK_ALIASES);
  return missing(columns, TICK_REQUIRED) ?? { kind: 'ticks', columns };
};

const runs: Planner = (table) => {
  const columns = findColumns(table, RUN_ALIASES);
  return missing(columns, RUN_REQUIRED) ?? { kind: 'runs', columns };
};

const roundTripsOf =
  (isMixed: boolean): Planner =>
  (table) => {
    const columns = findColumns(table, ROUND_TRIP_ALIASES);
    const required: readonly RoundTripRole[] = [
      'key',
      'side',
      'quantity',
      'entryTime',
      'entryPrice',
    ];
    return missing(columns, required) ?? { kind: 'round_trips', columns, isMixed };
  };

/** Fills in generation 2, round trips in generation 1: the columns tell. */
const trades: Planner = (table) =>
  findColumns(table, { entryPrice: ['entry_price'] }).entryPrice
    ? roundTripsOf(true)(table)
    : store(fills)(table);

const equity: Planner = (table) => {
  const columns = findColumns(table, EQUITY_ALIASES);
  return missing(columns, ['time', 'equity']) ?? { kind: 'equity', columns };
};

/** The tables that have a home, by their names in lower case. Everything else goes to the archive. */
const PLANNERS: ReadonlyMap<string, Planner> = new Map<string, Planner>([
  ['users', store(users)],
  ['roles', store(roles)],
  ['user_roles', store(userRoles)],
  ['user_watchlist', store(watchlists)],
  ['instrument_meta', store(instrumentMeta)],
  ['instruments', store(instruments)],
  ['fo_stocks_master', store(foStocks)],
  ['stock_universe', store(stockUniverse)],
  ['signals', store(signals)],
  ['unified_signals', store(signals)],
  ['scanner_signals', store(scannerSignals)],
  ['confluence_insights', store(confluenceInsights)],
  ['regime_insights', store(regimeInsights)],
  ['runner_state', store(runnerState)],
  ['trades', trades],
  ['orders', store(orders)],
  ['positions', store(positions)],
  ['live_positions', store(positions)],
  ['backtest_runs', runs],
  ['backtest_trades', roundTripsOf(false)],
  ['backtest_equity_curves', equity],
  ['backtest_equity', equity],
  ['candles', candles(0, false)],
  ['ohlcv_1m', candles(1, false)],
  ['ohlcv_resampled', candles(2, true)],
  ['live_ticks', ticks],
]);

/**
 * Decides what is done with a table, by its name and its real columns. Views and tables of other schemas are archived: what
 * is there is not what the bot read.
 */
export function planTable(table: SourceTable): TablePlan {
  if (table.kind === 'view') return { kind: 'archive' };
  const planner = PLANNERS.get(table.name.toLowerCase());
  if (!planner || table.schema !== 'main') return { kind: 'archive' };
  return planner(table);
}

/** Where the rows of a plan go, for the result. */
export function targetOf(plan: TablePlan): string {
  switch (plan.kind) {
    case 'store':
      return plan.mapper.target;
    case 'candles':
      return 'market_data.candles';
    case 'ticks':
      return 'market_data.ticks';
    case 'runs':
      return 'backtest.runs';
    case 'round_trips':
      return plan.isMixed ? 'backtest.runs, trading.trades' : 'backtest.runs';
    case 'equity':
      return 'backtest.runs';
    case 'archive':
      return 'archive';
  }
}

function missing<Role extends string>(
  columns: Columns<Role>,
  required: readonly Role[],
): TablePlan | undefined {
  const absent = required.filter((role) => columns[role] === undefined);
  if (absent.length === 0) return undefined;
  return { kind: 'archive', note: `no column for ${absent.join(', ')}` };
}
