/** Row types of the signals database, for Kysely. Every INTEGER is a bigint; times are ns since 1970 UTC. SQL: sql/signals. */
import type { Optional } from '../column-type.ts';

export interface SignalRow {
  signal_id: string;
  strategy_id: string;
  exchange: string;
  symbol: string;
  signal_type: string;
  side: Optional<'buy' | 'sell' | null>;
  price: Optional<number | null>;
  confidence: Optional<number | null>;
  /** START of the candle that gave it */
  candle_ts: Optional<bigint | null>;
  status: string;
  created_at: bigint;
  updated_at: bigint;
  attributes: Optional<string | null>;
}

export interface ConfluenceInsightRow {
  id: Optional<bigint>;
  exchange: string;
  symbol: string;
  ts: bigint;
  timeframe: Optional<string>;
  bias: Optional<string | null>;
  confidence: Optional<number | null>;
  agreement_level: Optional<number | null>;
  signal: Optional<string | null>;
  indicator_states: Optional<string | null>;
  attributes: Optional<string | null>;
}

export interface RegimeInsightRow {
  insight_id: string;
  exchange: string;
  symbol: string;
  ts: bigint;
  regime: string;
  momentum_bias: Optional<string | null>;
  trend_strength: Optional<number | null>;
  volatility_level: Optional<string | null>;
  persistence_score: Optional<number | null>;
  ma_fast: Optional<number | null>;
  ma_medium: Optional<number | null>;
  ma_slow: Optional<number | null>;
  attributes: Optional<string | null>;
}

export interface ScannerResultRow {
  id: Optional<bigint>;
  scan: string;
  ts: bigint;
  exchange: string;
  symbol: string;
  rank: Optional<bigint | null>;
  score: Optional<number | null>;
  attributes: Optional<string | null>;
}

export interface RunnerStateRow {
  strategy_id: string;
  exchange: string;
  symbol: string;
  timeframe: string;
  current_bias: Optional<string | null>;
  signal_state: Optional<string | null>;
  confidence: Optional<number | null>;
  last_candle_ts: Optional<bigint | null>;
  status: string;
  updated_at: bigint;
  attributes: Optional<string | null>;
}

export interface SignalsDatabase {
  signals: SignalRow;
  confluence_insights: ConfluenceInsightRow;
  regime_insights: RegimeInsightRow;
  scanner_results: ScannerResultRow;
  runner_state: RunnerStateRow;
}
