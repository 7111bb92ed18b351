/** Row types of the index database, for Kysely. Every INTEGER is a bigint; times are ns since 1970 UTC. SQL: sql/index. */
import type { Optional } from '../column-type.ts';

export interface RunRow {
  run_id: string;
  strategy_id: string;
  state: 'running' | 'done' | 'failed';
  exchange: string;
  symbols: string;
  timeframe: string;
  from_ns: bigint;
  to_ns: bigint;
  parameters: string;
  seed: bigint;
  /** Over strategy, parameters, range and the sha256 of every day file read */
  fingerprint: Optional<string | null>;
  /** Relative to the data root */
  path: string;
  sha256: Optional<string | null>;
  metrics: Optional<string | null>;
  error: Optional<string | null>;
  started_at: bigint;
  finished_at: Optional<bigint | null>;
  sweep_id: Optional<string | null>;
  /** Of the runner while state is 'running' */
  pid: Optional<bigint | null>;
  attributes: Optional<string | null>;
}

export interface RunInputRow {
  run_id: string;
  path: string;
  sha256: string;
  trading_date: string;
  revision: bigint;
}

export interface IndexDatabase {
  runs: RunRow;
  run_inputs: RunInputRow;
}
