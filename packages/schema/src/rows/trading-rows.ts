/** Row types of the trading database, for Kysely. Every INTEGER is a bigint; times are ns since 1970 UTC. SQL: sql/trading. */
import type { Optional } from '../column-type.ts';

export interface OrderRow {
  client_order_id: string;
  exchange: string;
  symbol: string;
  side: 'buy' | 'sell';
  type: 'market' | 'limit' | 'stop' | 'stop_limit';
  time_in_force: 'day' | 'gtc' | 'ioc' | 'fok';
  quantity: string;
  limit_price: Optional<string | null>;
  stop_price: Optional<string | null>;
  filled_quantity: Optional<string>;
  state:
    | 'new'
    | 'submitted'
    | 'accepted'
    | 'partially_filled'
    | 'filled'
    | 'cancelled'
    | 'rejected'
    | 'expired';
  exchange_order_id: Optional<string | null>;
  strategy_id: Optional<string | null>;
  signal_id: Optional<string | null>;
  reason: Optional<string | null>;
  created_at: bigint;
  updated_at: bigint;
  attributes: Optional<string | null>;
}

export interface TradeRow {
  exchange: string;
  trade_id: string;
  client_order_id: Optional<string | null>;
  symbol: string;
  side: 'buy' | 'sell';
  quantity: string;
  price: string;
  fee: Optional<string>;
  strategy_id: Optional<string | null>;
  signal_id: Optional<string | null>;
  ts: bigint;
  recorded_at: bigint;
  attributes: Optional<string | null>;
}

export interface PositionRow {
  exchange: string;
  symbol: string;
  strategy_id: Optional<string>;
  /** Negative when short */
  quantity: string;
  cost: string;
  /** Before fees */
  realised_pnl: string;
  fees: string;
  last_trade_id: Optional<string | null>;
  updated_at: bigint;
  attributes: Optional<string | null>;
}

export interface ExecutionLogRow {
  id: Optional<bigint>;
  ts: bigint;
  client_order_id: Optional<string | null>;
  event: string;
  detail: Optional<string | null>;
}

export interface TradingDatabase {
  orders: OrderRow;
  trades: TradeRow;
  positions: PositionRow;
  execution_log: ExecutionLogRow;
}
