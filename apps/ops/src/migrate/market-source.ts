import type { Columns, SourceTable } from './source-table.ts';

export type CandleRole =
  | 'key'
  | 'time'
  | 'timeframe'
  | 'open'
  | 'high'
  | 'low'
  | 'close'
  | 'volume'
  | 'synthetic';
export type TickRole = 'key' | 'time' | 'price' | 'volume' | 'bid' | 'ask';

/** A table of candles: 1m unless it has a column that says otherwise. */
export interface CandleSource {
  readonly kind: 'candles';
  /** Number of the table within the migration. */
  readonly id: number;
  readonly table: SourceTable;
  readonly columns: Columns<CandleRole>;
  /** On the same key the lower rank wins. */
  readonly rank: number;
}

export interface TickSource {
  readonly kind: 'ticks';
  readonly id: number;
  readonly table: SourceTable;
  readonly columns: Columns<TickRole>;
}

export type MarketSource = CandleSource | TickSource;
