/** Row types of the config database, for Kysely. Every INTEGER is a bigint; times are ns since 1970 UTC. SQL: sql/config. */
import type { Optional } from '../column-type.ts';

export interface SettingRow {
  key: string;
  value: string;
  updated_at: bigint;
  updated_by: Optional<string | null>;
}

export interface UserRow {
  username: string;
  password_hash: Optional<string | null>;
  created_at: bigint;
  attributes: Optional<string | null>;
}

export interface RoleRow {
  role_name: string;
  permissions: Optional<string | null>;
}

export interface UserRoleRow {
  username: string;
  role_name: string;
}

export interface InstrumentRow {
  exchange: string;
  /** The instrument key */
  symbol: string;
  trading_symbol: Optional<string | null>;
  name: Optional<string | null>;
  segment: Optional<string | null>;
  instrument_type: Optional<string | null>;
  lot_size: Optional<bigint | null>;
  /** Exact decimal, in the exchange's currency */
  tick_size: Optional<string | null>;
  /** Trading date */
  expiry: Optional<string | null>;
  strike: Optional<string | null>;
  option_type: Optional<string | null>;
  /** Trading date, NULL = unknown */
  listed_from: Optional<string | null>;
  /** Trading date, exclusive, NULL = still listed */
  listed_to: Optional<string | null>;
  is_active: Optional<0n | 1n>;
  created_at: bigint;
  updated_at: bigint;
  attributes: Optional<string | null>;
}

export interface InstrumentGroupRow {
  group_name: string;
  exchange: string;
  symbol: string;
  added_at: bigint;
  is_active: Optional<0n | 1n>;
  attributes: Optional<string | null>;
}

export interface WatchlistRow {
  username: string;
  watchlist: Optional<string>;
  exchange: string;
  symbol: string;
  trading_symbol: Optional<string | null>;
  market_type: Optional<string | null>;
  added_at: bigint;
  attributes: Optional<string | null>;
}

export interface RunnerRow {
  strategy_id: string;
  exchange: string;
  symbol: string;
  timeframe: string;
  is_enabled: 0n | 1n;
  parameters: Optional<string | null>;
  updated_at: bigint;
}

export interface DownloadJobRow {
  job_id: string;
  exchange: string;
  symbol: string;
  kind: 'ticks' | 'candles';
  timeframe: string;
  from_date: string;
  to_date: string;
  state: 'waiting' | 'running' | 'done' | 'failed';
  rows: Optional<bigint>;
  error: Optional<string | null>;
  created_at: bigint;
  updated_at: bigint;
}

export interface ActionRow {
  exchange: string;
  symbol: string;
  ex_date: string;
  kind: 'split' | 'dividend';
  factor: number;
  known_at: bigint;
  attributes: Optional<string | null>;
}

export interface RenameRow {
  exchange: string;
  old_symbol: string;
  new_symbol: string;
  from_date: string;
  known_at: bigint;
}

export interface ConfigDatabase {
  settings: SettingRow;
  users: UserRow;
  roles: RoleRow;
  user_roles: UserRoleRow;
  instruments: InstrumentRow;
  instrument_groups: InstrumentGroupRow;
  watchlists: WatchlistRow;
  runners: RunnerRow;
  download_jobs: DownloadJobRow;
  actions: ActionRow;
  renames: RenameRow;
}
