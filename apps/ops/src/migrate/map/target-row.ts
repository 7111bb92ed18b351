import type { StoreName } from '@tb/schema';

export type TargetValue = string | number | bigint | null;

/** A row as it is to stand in a table of a store. */
export interface TargetRow {
  readonly table: string;
  readonly values: Readonly<Record<string, TargetValue>>;
}

/** What a mapper makes of a row. */
export interface MappedRow {
  readonly row: TargetRow;
  /** Further rows that the same source row becomes: a round trip is two fills. */
  readonly more?: readonly TargetRow[] | undefined;
  /** Rows that come with it: made when they are not there, never in conflict. */
  readonly implied?: readonly TargetRow[] | undefined;
  /** Rows that must be there; without one the row goes to quarantine for the reason `user_unknown`. */
  readonly requires?: readonly TargetRow[] | undefined;
}

/** The columns that identify a row of each target table. */
export const TARGET_KEYS: Readonly<
  Record<Exclude<StoreName, 'index'>, Readonly<Record<string, readonly string[]>>>
> = {
  config: {
    roles: ['role_name'],
    users: ['username'],
    user_roles: ['username', 'role_name'],
    instruments: ['exchange', 'symbol'],
    instrument_groups: ['group_name', 'exchange', 'symbol'],
    watchlists: ['username', 'watchlist', 'exchange', 'symbol'],
  },
  signals: {
    signals: ['signal_id'],
    confluence_insights: ['exchange', 'symbol', 'timeframe', 'ts'],
    regime_insights: ['insight_id'],
    scanner_results: ['scan', 'ts', 'exchange', 'symbol'],
    runner_state: ['strategy_id', 'exchange', 'symbol', 'timeframe'],
  },
  trading: {
    orders: ['client_order_id'],
    trades: ['exchange', 'trade_id'],
    positions: ['exchange', 'symbol', 'strategy_id'],
  },
};
